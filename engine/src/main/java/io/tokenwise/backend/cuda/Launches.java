package io.tokenwise.backend.cuda;

import io.tokenwise.natives.cuda.CuFunction;
import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.Device;
import io.tokenwise.natives.cuda.LtProduct;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What the operations of one stream tell its device: {@link #kernel}, its arguments in the order of its parameters, {@link #run}; and the device memory that
 * they need in between. What is told is done when the host reads or waits, or another stream has to see it. For one caller at a time; allocates nothing once warm, and waits for the device in
 * {@code read} only.
 */
public final class Launches {
    private final DeviceStream device;
    private final CudaKernels kernels;
    private final StreamPool pool;
    private final WatchedMemory watched = new WatchedMemory();
    private CuFunction function;
    private long told;

    /** Whether it is known which tensors the launch that was started writes; else it may write any. */
    private boolean isKnown;

    /** The arguments of the launch that was started, and the bits of those that have eight bytes. */
    private final long[] arguments = new long[LaunchList.MOST_ARGUMENTS];

    private int count;
    private long wide;

    Launches(DeviceStream device, CudaKernels kernels, StreamPool pool) {
        this.device = device;
        this.kernels = kernels;
        this.pool = pool;
    }

    // ---- launches

    /** Starts a launch. */
    Launches kernel(String name) {
        function = kernels.function(name);
        count = 0;
        wide = 0;
        isKnown = false;
        return this;
    }

    /** Of all tensors the launch writes this one alone, or none if it is null, besides those of which it is said too; one of which nothing is said may write any. */
    Launches onlyWrites(Tensor y) {
        return y == null ? onlyWrites(0, 0) : onlyWrites(address(y), (long) y.size() * Float.BYTES);
    }

    /** As {@link #onlyWrites(Tensor)}. */
    Launches onlyWrites(long address, long bytes) {
        isKnown = true;
        watched.written(address, bytes);
        return this;
    }

    /** The address of a tensor's first value; null is a null pointer. */
    public Launches tensor(Tensor x) {
        return pointer(address(x));
    }

    public Launches pointer(long address) {
        wide |= 1L << count;
        arguments[count++] = address;
        return this;
    }

    /** Where the first so many of these values lie on the device, one for each row; see {@link #upload(int[], int, int)}. Null is a null pointer. */
    public Launches ints(int[] values, int rows) {
        return pointer(values == null ? 0 : device.upload(values, rows, Bucket.of(rows)));
    }

    /** Where the offsets of so many sequences lie on the device, up to those of their {@link Bucket}: the further ones are empty. */
    public Launches offsets(int[] values, int sequences) {
        return pointer(device.offsets(values, sequences));
    }

    /** Where a table that stays as it is for as long as a model lies on the device. */
    public Launches table(int[] values) {
        return pointer(device.tables.ints(values));
    }

    /** As {@link #table(int[])}; an empty one is a null pointer. */
    public Launches table(float[] values) {
        return pointer(values.length == 0 ? 0 : device.tables.floats(values));
    }

    public Launches integer(int value) {
        arguments[count++] = value;
        return this;
    }

    /**
     * Where this number lies on the device, for kernels that read there how many rows or values they have: what is launched is then the same for others. Each launch has its
     * own, so that addresses do not depend on which numbers are equal.
     */
    public Launches count(int value) {
        return pointer(device.count(value));
    }

    public Launches flag(boolean value) {
        return integer(value ? 1 : 0);
    }

    public Launches floating(float value) {
        return integer(Float.floatToRawIntBits(value));
    }

    /** Tells it; nothing if the grid is empty. */
    public void run(int gridX, int gridY, int gridZ, int block, int sharedBytes) {
        if (gridX == 0 || gridY == 0 || gridZ == 0) {
            return;
        }
        if (sharedBytes > function.maxDynamicShared()) {
            grantShared(sharedBytes);
        }
        order();
        if (!isKnown) {
            watched.end();
        }
        device.launch(function, gridX, gridY, gridZ, block, sharedBytes, arguments, count, wide);
    }

    public void run(int gridX, int block) {
        run(gridX, 1, 1, block, 0);
    }

    /**
     * Takes the last launch back, for one that does what it was to do, and more.
     *
     * @param last {@link #told} after it
     * @return false if something else has been told since, or it may have begun
     */
    boolean takeBack(long last) {
        return told == last && device.takeBack();
    }

    /** For kernels that take the values of a tensor one by one: a block takes 1,024. */
    public void runValues(Tensor x) {
        runValues(x.rows(), x.columns(), 1_024);
    }

    /** For kernels that take so many values of each row one by one, by blocks of 256 threads. */
    public void runValues(int rows, int each, int ofBlock) {
        run(Math.toIntExact(Math.ceilDiv((long) Bucket.of(rows) * each, ofBlock)), 256);
    }

    /** For kernels that take a row by a warp: a block takes 4. */
    public void runRows(int rows) {
        run(blocks(Bucket.of(rows), 4), 128);
    }

    /** For kernels that take tiles of 4 rows and 128 columns. */
    public void runTiles(int rows, int columns) {
        run(blocks(rows, 4), blocks(columns, 128), 1, 128, 0);
    }

    /** Tells a product by cuBLASLt, of at least one row: {@code y = x weights + bias}, if its kind has one. */
    void multiply(LtProduct product, int rows, long x, long weights, long bias, long y) {
        order();
        watched.written(y, (long) rows * product.spec().yStride() * Float.BYTES);
        device.multiply(product, rows, x, weights, bias, y);
    }

    /**
     * Never takes back what another stream has asked for.
     *
     * @throws UnsupportedOperationException if the device has not so much: of capability 8.6 or 12.0 it is less than half of what one of 9.0 has
     */
    private void grantShared(int bytes) {
        Device on = device.cuda.device();
        int most = on.sharedBytesPerBlock() - function.staticSharedBytes();
        if (bytes > most) {
            throw new UnsupportedOperationException("kernel " + function.name() + " needs " + bytes
                    + " bytes of shared memory for a block, of which " + on.name() + " has " + most);
        }
        synchronized (function) {
            if (bytes > function.maxDynamicShared()) {
                function.setMaxDynamicShared(bytes);
            }
        }
    }

    /** Blocks that take so many things, so many each. */
    public static int blocks(int things, int each) {
        return Math.ceilDiv(things, each);
    }

    // ---- memory

    /** Where a tensor's first value lies; null is 0. */
    long address(Tensor x) {
        return x == null ? 0 : DeviceMemory.address(x, device.cuda);
    }

    /** Begins an operation that takes scratch memory: it may be given what the one before was. */
    Launches begin() {
        device.scratch.reset();
        return this;
    }

    /** Device memory with unspecified content, aligned to 256 bytes, for the launches until the next {@link #begin}. */
    long scratch(long bytes) {
        return device.scratch.take(bytes);
    }

    /**
     * Where the first so many of these values lie on the device, until {@link #synchronize}; what lies there already is not uploaded again.
     *
     * @param room for how many there is room, so that what comes behind lies where it does for others of the same {@link Bucket}
     */
    long upload(int[] values, int valueCount, int room) {
        return device.upload(values, valueCount, room);
    }

    /** As {@link #upload(int[], int, int)}. */
    long upload(float[] values, int valueCount, int room) {
        return device.upload(values, valueCount, room);
    }

    /** As {@link #upload(int[], int, int)}, with room for no more. */
    public long upload(long[] values, int valueCount) {
        return device.upload(values, valueCount);
    }

    /** As {@link #upload(long[], int)}. */
    long upload(double[] values, int valueCount) {
        return device.upload(values, valueCount);
    }

    /** The memory of {@link #scratch(long)}. */
    ScratchMemory scratch() {
        return device.scratch;
    }

    /** Memory for what {@link FormedTensor} has, from its beginning: what was there before is over. */
    ScratchMemory forms() {
        device.forms.reset();
        return device.forms;
    }

    /** As {@link #scratch}, but for as long as the stream is used. */
    long keep(long bytes) {
        return device.keep(bytes);
    }

    void copy(long target, long source, long bytes) {
        order();
        watched.written(target, bytes);
        device.copy(target, source, bytes);
    }

    /** So many zeroed bytes, a multiple of 4. */
    void zero(long address, long bytes) {
        order();
        watched.written(address, bytes);
        device.zero(address, bytes);
    }

    // ---- what the host sees, which waits for all that was launched

    double readDouble(long address) {
        return tell(address, Double.BYTES).get(ValueLayout.JAVA_DOUBLE, 0);
    }

    void readDoubles(long address, double[] target, int targetCount) {
        MemorySegment room = tell(address, (long) targetCount * Double.BYTES);
        MemorySegment.copy(room, ValueLayout.JAVA_DOUBLE, 0, target, 0, targetCount);
    }

    int readInt(long address) {
        return tell(address, Integer.BYTES).get(ValueLayout.JAVA_INT, 0);
    }

    void readInts(long address, int[] target, int targetCount) {
        MemorySegment room = tell(address, (long) targetCount * Integer.BYTES);
        MemorySegment.copy(room, ValueLayout.JAVA_INT, 0, target, 0, targetCount);
    }

    private MemorySegment tell(long address, long bytes) {
        MemorySegment told = device.room(bytes);
        copyToHost(told, address, bytes);
        synchronize();
        return told;
    }

    /** To pinned memory, which has it after {@link #synchronize}. */
    void copyToHost(MemorySegment target, long source, long bytes) {
        order();
        device.flush(true);
        device.queue.copyToHost(target, source, bytes);
    }

    /** From pinned memory, which must be left alone until {@link #synchronize}. */
    void copyToDevice(long target, MemorySegment source, long bytes) {
        order();
        watched.written(target, bytes);
        device.flush(true);
        device.queue.copyToDevice(target, source, bytes);
    }

    void synchronize() {
        device.synchronize();
    }

    /** Another one each time that what was told may have come to nothing. */
    long lost() {
        return device.lost();
    }

    /** How many launches, copies and fills there have been. */
    long told() {
        return told;
    }

    // ---- whether a tensor is as it was

    /** What knows of all that this stream is told to write. */
    WatchedMemory watched() {
        return watched;
    }

    /** Another one each time that a tensor may have been changed, or may not have been, of which the launches of this stream do not say so. Both only grow. */
    long unseen() {
        return pool.writes() + lost();
    }

    // ---- other streams

    /** What others have changed is waited for before all that is told and not yet done, which does no harm. */
    private void order() {
        device.cuda.requireOpen();
        told++;
        if (device.seen != pool.changes()) {
            pool.order(device);
        }
    }

    /** The last launch has changed this tensor: if it stays from pass to pass, what other streams are told from now on finds it changed. */
    void wrote(Tensor y) {
        if (DeviceMemory.isKept(y)) {
            pool.written();
            changed();
        }
    }

    /** As {@link #wrote}, of a gradient, which nothing that is kept was made of. */
    void wroteGradient(Tensor dy) {
        if (DeviceMemory.isKept(dy)) {
            changed();
        }
    }

    /** The last launch has changed what belongs to no tensor, and other streams read. */
    void changed() {
        pool.flushBut(device);
        device.flush(false);
        pool.changed(device);
    }

    /** Another one each time that a tensor has been changed that stays from pass to pass. */
    long writes() {
        return pool.writes();
    }

    // ---- for what belongs to the stream

    Cuda cuda() {
        return device.cuda;
    }

    /** Whether products take Hopper's own instructions. */
    boolean wgmma() {
        return kernels.wgmma();
    }

    int multiprocessors() {
        return device.cuda.device().multiprocessors();
    }
}
