package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Where a case of operations runs: the CPU or the simulated device. A case makes its tensors here, from the same numbers on each side, and all of them
 * are compared afterwards, with what it {@link #tell}s.
 */
final class Side implements AutoCloseable {
    /** What is in a tensor that nobody has written. */
    static final float UNTOUCHED = -7;

    /** A tensor begins behind its memory's beginning, as a matrix's rows may. */
    private static final int FIRST_BYTE = Float.BYTES;

    private final Backend backend;
    private final Stream stream;
    private final FakeControls controls;
    private final Workspace workspace;
    private final Arena arena = Arena.ofShared();
    private final List<Tensor> tensors = new ArrayList<>();
    private final List<Double> told = new ArrayList<>();
    private Random random = new Random(1);

    private Side(Backend backend, FakeControls controls) {
        this.backend = backend;
        this.stream = backend.stream();
        this.controls = controls;
        this.workspace = backend.workspace(1 << 24);
    }

    /** The reference: our own kernels on the CPU. */
    static Side cpu() {
        return new Side(VectorBackend.open(1), null);
    }

    /** The simulated device, freshly started. */
    static Side device(Precision precision) {
        return device(precision, 132);
    }

    /** One of so many multiprocessors, by which products choose how much a block computes. */
    static Side device(Precision precision, int multiprocessors) {
        return device(precision, multiprocessors, ProductChoice.OWN);
    }

    /** @param choice what multiplies matrices */
    static Side device(Precision precision, int multiprocessors, ProductChoice choice) {
        var controls = FakeDevice.start();
        controls.multiprocessors(multiprocessors);
        try {
            return new Side(CudaBackend.open(precision, choice), controls);
        } catch (CudaUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    Stream stream() {
        return stream;
    }

    /** Of the simulated device. */
    FakeControls controls() {
        return controls;
    }

    @Override
    public void close() {
        workspace.close();
        arena.close();
        backend.close();
        if (controls != null) {
            assertThat(controls.leaks()).isEmpty();
        }
    }

    // ---- for cases

    /** Values about 0, of size 1. */
    Tensor random(int rows, int columns) {
        return of(rows, columns, gaussian(rows * columns));
    }

    float[] gaussian(int count) {
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** Values between these. */
    Tensor between(float least, float most, int rows, int columns) {
        var values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = least + random.nextFloat() * (most - least);
        }
        return of(rows, columns, values);
    }

    Tensor untouched(int rows, int columns) {
        return filled(UNTOUCHED, rows, columns);
    }

    Tensor filled(float value, int rows, int columns) {
        var values = new float[rows * columns];
        Arrays.fill(values, value);
        return of(rows, columns, values);
    }

    Tensor of(int rows, int columns, float... values) {
        var memory = backend.memory().allocate(arena, FIRST_BYTE + (long) rows * columns * Float.BYTES);
        var tensor = new Tensor(memory, FIRST_BYTE, rows, columns);
        try (HostTensor host = backend.write(tensor)) {
            for (int i = 0; i < values.length; i++) {
                host.set(i, values[i]);
            }
        }
        tensors.add(tensor);
        return tensor;
    }

    PackedMatrix packed(Tensor source, boolean transposed) {
        int inputs = transposed ? source.columns() : source.rows();
        int outputs = transposed ? source.rows() : source.columns();
        PackedMatrix packed = backend.allocatePacked(arena, inputs, outputs);
        stream.pack(source, transposed, packed);
        return packed;
    }

    /** The slices of these sizes into which a matrix is cut along its columns, or else its rows. */
    List<PackedMatrix> slices(Tensor source, int[] sizes, boolean alongOutputs) {
        List<PackedMatrix> slices = backend.allocateSlices(arena, source.rows(), source.columns(), sizes, alongOutputs);
        stream.packSlices(source, slices);
        return slices;
    }

    Workspace workspace() {
        return workspace;
    }

    /** A scalar result. */
    void tell(double result) {
        told.add(result);
    }

    /** Whole numbers from 0 to below the limit. */
    int[] integers(int count, int limit) {
        return random.ints(count, 0, limit).toArray();
    }

    /** So many different numbers below the limit, in any order. */
    int[] different(int count, int limit) {
        var all = new ArrayList<Integer>();
        for (int i = 0; i < limit; i++) {
            all.add(i);
        }
        Collections.shuffle(all, random);
        return all.stream().limit(count).mapToInt(i -> i).toArray();
    }

    // ---- for who compares

    /** Starts over, with the numbers of this seed. */
    void begin(long seed) {
        tensors.clear();
        told.clear();
        random = new Random(seed);
    }

    float[] read(Tensor tensor) {
        var values = new float[tensor.size()];
        try (HostTensor host = stream.read(tensor)) {
            for (int i = 0; i < values.length; i++) {
                values[i] = host.get(i);
            }
        }
        return values;
    }

    List<Tensor> tensors() {
        return tensors;
    }

    List<Double> told() {
        return told;
    }
}
