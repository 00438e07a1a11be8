package io.tokenwise.natives;

import io.tokenwise.natives.generated.onednn.Dnnl;
import io.tokenwise.natives.generated.onednn.dnnl_exec_arg_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Fixed native buffers for A, C and scratch, and all that it takes to run products of any kind on them. Any thread may use it, one at a
 * time; that thread's number of OpenMP threads becomes one and stays so.
 */
public final class Binding implements AutoCloseable {
    private static final VarHandle USER;
    private static final Object CLOSED = new Object();
    private static final int ARGUMENTS = 4;
    private static final int WEIGHTS = 1;
    /** Where the weights' handle is in the arguments. A slice for it would be an object for each call. */
    private static final long WEIGHTS_OFFSET = WEIGHTS * dnnl_exec_arg_t.sizeof() + dnnl_exec_arg_t.memory$offset();

    static {
        try {
            USER = MethodHandles.lookup().findVarHandle(Binding.class, "user", Object.class);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    private final OneDnn oneDnn;
    private final MemorySegment a;
    private final MemorySegment c;
    private final MemorySegment scratch;
    private final Arena owner = Arena.ofShared();
    private final MemorySegment stream;

    /** By the kernel's slot. */
    private Call[] calls = new Call[0];

    private Thread lastThread;

    /** The thread inside {@link #run}, {@link #CLOSED}, or null. */
    private volatile Object user;

    /**
     * What this binding runs. First these are set, then {@code closed} of both is read; whoever destroys one of them sets its
     * {@code closed} first and then waits until no binding names it. So threads that run the same product share no counter.
     */
    private volatile Kernel kernel;

    private volatile Weights weights;

    Binding(OneDnn oneDnn, MemorySegment a, MemorySegment c, MemorySegment scratch) {
        Sizes.check("binding", "A", a, 0);
        Sizes.check("binding", "C", c, 0);
        Sizes.check("binding", "scratch", scratch, 0);
        if (c.asOverlappingSlice(scratch).isPresent()) {
            throw new IllegalArgumentException("binding: C and scratch must not overlap");
        }
        this.oneDnn = oneDnn;
        this.a = a;
        this.c = c;
        this.scratch = scratch;
        this.stream = Handles.stream(owner, oneDnn.engine);
        oneDnn.bindings.add(this);
    }

    /**
     * Computes C from the first {@code rows} rows of A. Once warm it allocates nothing.
     *
     * @throws IllegalArgumentException if a buffer is too small for so many rows
     * @throws IllegalStateException if this, the weights, a buffer or the library is closed, or if another thread is inside
     */
    public void run(Weights b, int rows) {
        run(b, rows, false);
    }

    /** {@link #run}, but the product is added to C, by integers or by floats. */
    public void add(Weights b, int rows) {
        run(b, rows, true);
    }

    private void run(Weights b, int rows, boolean adds) {
        begin();
        try {
            publish(b);
            if (b.product.ownCode != null) {
                multiplyByOwnCode(b, rows, adds);
            } else {
                execute(published(b.product, rows, adds), b);
            }
        } finally {
            end();
        }
    }

    private void begin() {
        if (!USER.compareAndSet(this, null, Thread.currentThread())) {
            throw new IllegalStateException(
                    user == CLOSED ? "the binding has been closed" : "the binding is in use by another thread");
        }
    }

    /** Weights that are not destroyed before this binding forgets them. */
    private void publish(Weights b) {
        if (b.product.oneDnn != oneDnn) {
            throw new IllegalArgumentException(b.product + ": the weights belong to another OneDnn");
        }
        weights = b;
        b.checkOpen();
    }

    private void end() {
        kernel = null;
        weights = null;
        user = null;
    }

    /**
     * Computes the first {@code rows} rows of A B as floats, from a column of theirs on, by a product that is {@linkplain Product#isOfOwnCode of our own code}; C is left as it is.
     * Nothing is allocated.
     *
     * @throws IllegalArgumentException if memory is too small
     * @throws IllegalStateException as {@link #run}
     * @throws UnsupportedOperationException if oneDNN multiplies
     */
    public void widen(Weights b, int rows, WidenedRows widened, int column) {
        begin();
        try {
            publish(b);
            ProductSpec spec = b.product.spec();
            if (!b.product.isOfOwnCode()) {
                throw new UnsupportedOperationException(spec + ": sums stay integers");
            }
            checkOwn(b.product, rows);
            widened.check(spec, rows, column, scratch);
            b.product.ownCode.widen(spec, b.product.tiles, a, b.data, widened, rows, column, scratch);
        } finally {
            end();
        }
    }

    /**
     * A share of the units of an MLP with gates, whose weights are side by side in B: {@code units * activation(gates)} of the first {@code rows} rows of A B as floats, with as
     * many biases as B has columns; C is left as it is. Nothing is allocated.
     *
     * @param share of {@code shares} nearly equal parts of the units the one that is computed, counted from 0
     * @throws IllegalArgumentException if memory is too small
     * @throws IllegalStateException as {@link #run}
     * @throws UnsupportedOperationException if the product {@linkplain Product#gates cannot}
     */
    public void gate(Weights b, int rows, WidenedRows widened, int share, int shares) {
        begin();
        try {
            publish(b);
            ProductSpec spec = b.product.spec();
            if (!b.product.gates()) {
                throw new UnsupportedOperationException(spec + ": gates stay what they are");
            }
            if (share < 0 || share >= shares) {
                throw new IllegalArgumentException(spec + ": share " + share + " of " + shares);
            }
            checkOwn(b.product, rows);
            widened.checkGated(spec, rows, scratch);
            int panels = spec.n() / 2 / TileLayout.PANEL_COLUMNS;
            int from = (int) ((long) panels * share / shares) * TileLayout.PANEL_COLUMNS;
            int to = (int) (panels * (share + 1L) / shares) * TileLayout.PANEL_COLUMNS;
            b.product.ownCode.gate(spec, b.product.tiles, a, b.data, widened, rows, from, to, scratch);
        } finally {
            end();
        }
    }

    private void checkOwn(Product product, int rows) {
        product.checkRows(rows);
        Sizes.check(product.spec(), "A", a, product.spec().aBytes(rows));
        Sizes.check(product.spec(), "scratch", scratch, TileProducts.scratchBytes(rows));
    }

    private void multiplyByOwnCode(Weights b, int rows, boolean adds) {
        ProductSpec spec = b.product.spec();
        checkOwn(b.product, rows);
        Sizes.check(spec, "C", c, spec.cBytes(rows));
        b.product.ownCode.run(spec, b.product.tiles, a, b.data, c, rows, adds, scratch);
    }

    /** A kernel that is not destroyed before this binding forgets it. */
    private Kernel published(Product product, int rows, boolean adds) {
        while (true) {
            Kernel found = product.kernel(rows, adds);
            kernel = found;
            if (!found.closed) {
                return found;
            }
            kernel = null;
        }
    }

    private void execute(Kernel kernel, Weights b) {
        ProductSpec spec = kernel.product.spec();
        Sizes.check(spec, "A", a, spec.aBytes(kernel.rows));
        Sizes.check(spec, "C", c, spec.cBytes(kernel.rows));
        Sizes.check(spec, "scratch", scratch, kernel.scratchBytes);
        Call call = call(kernel);
        call.setWeights(b);
        if (lastThread != Thread.currentThread()) {
            oneDnn.openMp.setThreads(1);
            lastThread = Thread.currentThread();
        }
        int status = Dnnl.dnnl_primitive_execute(kernel.primitive, stream, ARGUMENTS, call.arguments);
        if (status != Dnnl.dnnl_success()) {
            OneDnnException.check(status, "dnnl_primitive_execute", spec + ", " + kernel.rows + " rows");
        }
    }

    private Call call(Kernel kernel) {
        if (kernel.slot >= calls.length) {
            calls = Arrays.copyOf(calls, Math.max(2 * calls.length, kernel.slot + 1));
        }
        Call call = calls[kernel.slot];
        if (call == null || call.kernel != kernel) {
            if (call != null) {
                calls[kernel.slot] = null;
                call.owner.close();
            }
            call = new Call(kernel, a, c, scratch);
            calls[kernel.slot] = call;
        }
        return call;
    }

    /** Whether this binding may be reading a kernel's or a weight's native object. */
    boolean uses(Object kernelOrWeights) {
        return kernel == kernelOrWeights || weights == kernelOrWeights;
    }

    /** Waits for a running product to end. */
    @Override
    public synchronized void close() {
        while (!USER.compareAndSet(this, null, CLOSED)) {
            if (user == CLOSED) {
                return;
            }
            Thread.yield();
        }
        oneDnn.bindings.remove(this);
        for (Call call : calls) {
            if (call != null) {
                call.owner.close();
            }
        }
        owner.close();
    }

    /** A kernel's arguments: our buffers with the shapes that it expects, and the weights of the last run. */
    private static final class Call {
        final Kernel kernel;
        final Arena owner = Arena.ofShared();
        final MemorySegment arguments = dnnl_exec_arg_t.allocateArray(ARGUMENTS, owner);
        private long weights;

        Call(Kernel kernel, MemorySegment a, MemorySegment c, MemorySegment scratch) {
            this.kernel = kernel;
            try {
                Handles.argument(arguments, 0, Dnnl.DNNL_ARG_SRC(), memory(kernel.a, a));
                Handles.argument(arguments, WEIGHTS, Dnnl.DNNL_ARG_WEIGHTS(), MemorySegment.NULL);
                Handles.argument(arguments, 2, Dnnl.DNNL_ARG_DST(), memory(kernel.c, c));
                Handles.argument(arguments, 3, Dnnl.DNNL_ARG_SCRATCHPAD(), memory(kernel.scratch, scratch));
            } catch (Throwable e) {
                owner.close();
                throw e;
            }
        }

        private MemorySegment memory(MemorySegment matrix, MemorySegment data) {
            return Handles.memory(owner, kernel.product, kernel.product.oneDnn.engine, matrix, data);
        }

        void setWeights(Weights b) {
            if (weights != b.memory.address()) {
                weights = b.memory.address();
                arguments.set(ValueLayout.ADDRESS, WEIGHTS_OFFSET, b.memory);
            }
        }
    }
}
