package io.tokenwise.session;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.tokenwise.api.Deadline;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.testmodels.SmallMoonshine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** A model whose sessions are shared with others: one thread calls it while another closes it, and then calls another model, which goes on. */
@JCStressTest
@Outcome(id = "[01], 1, 0", expect = ACCEPTABLE, desc = "the call ran (1) or was refused (0); the other model's ran")
@Outcome(expect = FORBIDDEN, desc = "a call ran after its model was closed, or another model's call did not run")
@State
public class ClosingSharedStress {
    private static final VectorBackend BACKEND = VectorBackend.open(1);
    private static final Encoder ENCODER = small();

    private final SessionPool pool = new SessionPool(BACKEND, 1);
    private final Sessions closing = new Sessions(ENCODER, pool, false, 8);
    private final Sessions other = new Sessions(ENCODER, pool, false, 8);

    /** Plain: a call of the closed model must not see it. */
    private boolean closed;

    private int late;

    private static Encoder small() {
        try {
            var folder = Files.createTempDirectory("tokenwise-stress").resolve("model");
            SmallMoonshine.write(folder);
            try (ModelFiles files = Models.open(folder)) {
                return Encoder.load(files, BACKEND);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Actor
    public void call(III_Result result) {
        try {
            result.r1 = closing.lend(Deadline.NONE, session -> {
                if (closed) {
                    late++;
                }
                return 1;
            });
        } catch (IllegalStateException e) {
            result.r1 = 0;
        }
        result.r2 = other.lend(Deadline.NONE, session -> 1);
    }

    @Actor
    public void close() {
        closing.close();
        closed = true;
    }

    @Arbiter
    public void look(III_Result result) {
        other.close();
        pool.close();
        result.r3 = late;
    }
}
