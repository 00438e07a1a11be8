package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.Device;
import io.tokenwise.backend.Staying;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** A CUDA device, for package op: launches of kernels, and memory for what is in between. Of one stream, so for one caller at a time. Allocates nothing once warm. */
public final class CudaDevice implements Device {
    private final Launches launches;
    private final FormedTensor formed;
    private final Precision precision;

    CudaDevice(Launches launches, FormedTensor formed, Precision precision) {
        this.launches = launches;
        this.formed = formed;
        this.precision = precision;
    }

    /** That of a stream whose device is not the CPU. */
    public static CudaDevice of(Stream stream) {
        return (CudaDevice) stream.device();
    }

    /** Starts a launch: its arguments follow in the order of the kernel's parameters, then its run. */
    public Launches kernel(String name) {
        return launches.kernel(name);
    }

    /** Whether inference multiplies in bfloat16, or as bytes. */
    public boolean onTensorCores() {
        return precision != Precision.F32;
    }

    /** The rows of the longest sequence. */
    public static int longest(int[] offsets, int sequences) {
        int most = 0;
        for (int i = 0; i < sequences; i++) {
            most = Math.max(most, offsets[i + 1] - offsets[i]);
        }
        return most;
    }

    // ---- memory

    /** Device memory with unspecified content for the launches of this operation, which has not asked for any yet. */
    public long scratch(long bytes) {
        return launches.begin().scratch(bytes);
    }

    /** As {@link #scratch}, besides what the operation has. */
    public long moreScratch(long bytes) {
        return launches.scratch(bytes);
    }

    /** Where the first so many of these values lie, with room for more; what lies there already is not uploaded again. */
    public long upload(int[] values, int count, int room) {
        return launches.upload(values, count, room);
    }

    /** As {@link #upload(int[], int, int)}, with room for no more. */
    public long upload(float[] values, int count) {
        return launches.upload(values, count, count);
    }

    /** As {@link #upload(float[], int)}. */
    public long upload(double[] values, int count) {
        return launches.upload(values, count);
    }

    /** Where a tensor's first value lies. */
    public long address(Tensor x) {
        return launches.address(x);
    }

    public void zero(Tensor x) {
        launches.zero(launches.address(x), (long) x.size() * Float.BYTES);
    }

    // ---- what other launches are told

    /** Memory for a tensor's rows in the form that products read, which the next launch, a norm, writes besides; nothing where they read the tensor, or if it is not for products. */
    public FormedRows beginForm(Tensor y, boolean forProducts) {
        Precision form = forProducts ? formed.afterNorm(y.rows()) : Precision.F32;
        return formed.begin(form, launches.address(y), y.rows(), y.columns());
    }

    /** That launch was told. */
    public void endForm() {
        formed.end();
    }

    /** The last launch has changed a parameter's gradient. */
    public void wroteGradient(Tensor dy) {
        launches.wroteGradient(dy);
    }

    // ---- what the host sees, which waits for all that was launched

    public int readInt(long address) {
        return launches.readInt(address);
    }

    public double readDouble(long address) {
        return launches.readDouble(address);
    }

    /** Where the rows that stay lie, ascending. */
    public long rowsOf(Staying staying) {
        return CudaStaying.of(staying).address();
    }
}
