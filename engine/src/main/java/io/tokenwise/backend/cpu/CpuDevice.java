package io.tokenwise.backend.cpu;

import io.tokenwise.backend.Device;
import io.tokenwise.backend.Staying;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;

/**
 * The CPU, for package op: kernels, and work cut over the threads of a backend. Of one stream, so for one caller at a time. Allocates nothing once warm.
 */
public final class CpuDevice implements Device {
    private final Scratch scratch = new Scratch();
    private final WorkerPool pool;
    private final RangeJob range;
    private final AttentionJob attention;
    private final AttendJob attend;

    /**
     * Of an operation that has no form for other devices yet.
     *
     * @throws UnsupportedOperationException if the stream is of one
     */
    public static CpuDevice only(Stream stream, String operation) {
        if (stream.device() instanceof CpuDevice cpu) {
            return cpu;
        }
        throw new UnsupportedOperationException(operation + ": runs on the CPU only so far");
    }

    CpuDevice(Kernels kernels, WorkerPool pool, HeadAttention ofHeads) {
        this.pool = pool;
        range = new RangeJob(kernels, pool, scratch);
        attention = new AttentionJob(ofHeads, kernels.sequences());
        attend = new AttendJob(kernels.speech());
    }

    RangeJob range() {
        return range;
    }

    /** Starts an operation: its first operands, where null is none. */
    public RangeJob operands(Tensor a, Tensor b, Tensor c) {
        return range.operands(a, b, c);
    }

    /** For attention within sequences; runs by {@link #run(AttentionJob)}. */
    public AttentionJob attention() {
        return attention;
    }

    public void run(AttentionJob job) {
        pool.run(job, job.tasks(pool.threads()), scratch);
    }

    /** For attention over other rows; runs by {@link #run(AttendJob)}. */
    public AttendJob attend() {
        return attend;
    }

    public void run(AttendJob job) {
        pool.run(job, job.tasks(), scratch);
    }

    /** For what one thread does. */
    public Kernels kernels() {
        return range.kernels;
    }

    public Floats floats(Tensor x) {
        return x.floats();
    }

    public HostTensor host(Tensor x) {
        return x.host();
    }

    /** The rows that stay, ascending. */
    public int[] rowsOf(Staying staying) {
        return CpuStaying.of(staying).staying();
    }
}
