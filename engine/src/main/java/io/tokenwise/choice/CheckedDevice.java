package io.tokenwise.choice;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.NvrtcException;
import io.tokenwise.op.LayerNorms;
import io.tokenwise.op.SelfAttention;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.SplittableRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The CUDA device of a machine for those who did not ask for one: only if it is there, no simulated one, and its kernels give what the CPU gives of one small
 * layer. What speaks against it is one log line, and the CPU goes on.
 */
final class CheckedDevice {
    private static final Logger LOG = LoggerFactory.getLogger(CheckedDevice.class);

    /** Two sequences of odd lengths: rows of more than one tile, and some left over. */
    private static final int[] OFFSETS = {0, 37, 70};

    private static final int HIDDEN = 64;
    private static final int HEADS = 2;

    /** Results are of size 1. Roundings of 8 bits add up to some hundredths, a wrong index to more than 1. */
    private static final double MOST_DIFFERENCE = 0.1;

    private CheckedDevice() {}

    static Optional<Backend> open(Precision precision) {
        CudaBackend device;
        try {
            device = CudaBackend.open(precision);
        } catch (CudaUnavailableException e) {
            // Machines without a device are many; one that is there and fails is worth a word.
            LOG.atLevel(e.getCause() instanceof CudaException ? Level.WARN : Level.DEBUG)
                    .log("backend cuda is not used: {}", e.getMessage());
            return Optional.empty();
        }
        return device.device().simulated()
                ? refused(device, "it is simulated; who wants that asks for it")
                : checked(device);
    }

    /** The device if it computes what the CPU does; else it is closed. */
    static Optional<Backend> checked(CudaBackend device) {
        try {
            double difference = difference(device);
            // NaN too.
            if (!(difference <= MOST_DIFFERENCE)) {
                return refused(device, "it computes other results than the CPU, by " + difference);
            }
            return Optional.of(device);
        } catch (CudaException | NvrtcException | IllegalStateException | IllegalArgumentException e) {
            return refused(device, e.getMessage());
        }
    }

    private static Optional<Backend> refused(CudaBackend device, String why) {
        LOG.warn("backend {} is not used: {}", device.name(), why);
        device.close();
        return Optional.empty();
    }

    /** The largest difference of a value of the layer. */
    static double difference(Backend device) {
        try (Backend cpu = VectorBackend.open(1)) {
            float[] expected = layer(cpu);
            float[] found = layer(device);
            double most = 0;
            for (int i = 0; i < expected.length; i++) {
                double difference = Math.abs(expected[i] - found[i]);
                // So that NaN is kept.
                most = difference <= most ? most : difference;
            }
            return most;
        }
    }

    /** Attention, a norm and a product with GELU, of the same random numbers each time. */
    private static float[] layer(Backend backend) {
        int rows = OFFSETS[OFFSETS.length - 1];
        var random = new SplittableRandom(1);
        try (Arena arena = Arena.ofShared()) {
            Stream stream = backend.stream();
            Tensor x = random(backend, arena, rows, HIDDEN, 1, random);
            Tensor qkv = backend.allocate(arena, rows, 3 * HIDDEN);
            Tensor context = backend.allocate(arena, rows, HIDDEN);
            Tensor y = backend.allocate(arena, rows, HIDDEN);
            PackedMatrix projections = backend.allocatePacked(arena, HIDDEN, 3 * HIDDEN);
            PackedMatrix output = backend.allocatePacked(arena, HIDDEN, HIDDEN);
            stream.pack(random(backend, arena, HIDDEN, 3 * HIDDEN, 0.2, random), false, projections);
            stream.pack(random(backend, arena, HIDDEN, HIDDEN, 0.2, random), false, output);
            Tensor gamma = random(backend, arena, 1, HIDDEN, 1, random);
            Tensor beta = random(backend, arena, 1, HIDDEN, 1, random);
            stream.linear(x, projections, null, false, null, qkv);
            SelfAttention.forward(stream, qkv, OFFSETS, OFFSETS.length - 1, HEADS, context, null);
            LayerNorms.forward(stream, context, gamma, beta, 1e-5f, context, null);
            stream.linear(context, output, beta, true, x, y);
            var values = new float[y.size()];
            try (HostTensor result = stream.read(y)) {
                result.copyTo(values);
            }
            return values;
        }
    }

    private static Tensor random(
            Backend backend, Arena arena, int rows, int columns, double size, SplittableRandom random) {
        Tensor tensor = backend.allocate(arena, rows, columns);
        try (HostTensor values = backend.write(tensor)) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, (float) random.nextDouble(-size, size));
            }
        }
        return tensor;
    }
}
