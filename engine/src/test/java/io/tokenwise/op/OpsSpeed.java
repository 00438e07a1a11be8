package io.tokenwise.op;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.choice.Backends;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Times every operation at real shapes on each backend of this CPU, forward and with the way back. No test; it is run by
 * {@code ./tokenwise test engine -Dtest=OpsSpeed -Dtokenwise.speed=true}, with {@code -Dtokenwise.ops=NAME} only those whose names contain that, and leaves {@code engine/target/ops.csv}.
 */
class OpsSpeed {
    private static final Logger LOG = LoggerFactory.getLogger(OpsSpeed.class);

    /** By time: the vector kernels are slow until they are compiled, and small ones would run a thousand rounds before that. */
    private static final double WARM_UP_SECONDS = .3;

    private static final int ROUNDS = 15;

    @Test
    @EnabledIfSystemProperty(named = "tokenwise.speed", matches = "true")
    void write() throws IOException {
        String wanted = System.getProperty("tokenwise.ops", "");
        Map<String, Backend> backends = backends();
        try {
            // Twice: what is measured first runs before kernels are compiled.
            times(wanted, backends);
            Files.write(Path.of("target", "ops.csv"), times(wanted, backends));
        } finally {
            backends.values().forEach(Backend::close);
        }
    }

    private static List<String> times(String wanted, Map<String, Backend> backends) {
        var lines = new ArrayList<>(List.of("operation,backend,forward_us,forward_and_backward_us"));
        for (OpCase op : OpCases.real()) {
            if (op.name().contains(wanted)) {
                backends.forEach((name, backend) -> lines.add(String.format(
                        Locale.ROOT,
                        "\"%s\",%s,%.1f,%.1f",
                        op,
                        name,
                        1e6 * seconds(op, backend, false),
                        1e6 * seconds(op, backend, true))));
            }
        }
        return lines;
    }

    /** On one thread each. */
    private static Map<String, Backend> backends() {
        Map<String, Backend> backends = new LinkedHashMap<>();
        backends.put("scalar", new VectorBackend(Kernels.scalar(), 1));
        backends.put("vector", VectorBackend.open(1));
        try {
            backends.put("onednn", Backends.open(new BackendChoice(BackendChoice.Kind.ONEDNN, Precision.F32), 1));
        } catch (IllegalArgumentException e) {
            LOG.info("left out: {}", e.getMessage());
        }
        return backends;
    }

    /** The median of some rounds. */
    private static double seconds(OpCase op, Backend backend, boolean backward) {
        try (var owner = new Parameters(backend);
                Workspace ofOperands = backend.workspace(1L << 28);
                Workspace workspace = backend.workspace(1L << 30)) {
            Pass first = new Pass(backend.stream(), ofOperands).begin(Budget.FULL);
            OpCase.Bound bound = op.bind(owner, first, op.randomOperands(1));
            Pass pass = new Pass(backend.stream(), workspace);
            for (long start = System.nanoTime(); 1e-9 * (System.nanoTime() - start) < WARM_UP_SECONDS; ) {
                run(op, pass, bound, backward);
            }
            var seconds = new double[ROUNDS];
            for (int i = 0; i < ROUNDS; i++) {
                long start = System.nanoTime();
                run(op, pass, bound, backward);
                seconds[i] = 1e-9 * (System.nanoTime() - start);
            }
            Arrays.sort(seconds);
            return seconds[ROUNDS / 2];
        }
    }

    private static void run(OpCase op, Pass pass, OpCase.Bound bound, boolean backward) {
        Tape tape = backward ? new Tape() : null;
        pass.begin(Budget.FULL).train(tape);
        if (backward) {
            op.watch(tape, bound);
        }
        Tensor y = op.engine().run(pass, bound);
        if (backward) {
            var gradients = new Gradients(pass.stream(), pass.workspace());
            gradients.add(y, y);
            tape.backward(gradients, pass.stream(), pass.workspace());
        }
    }
}
