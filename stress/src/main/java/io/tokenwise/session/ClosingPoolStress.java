package io.tokenwise.session;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.tokenwise.api.Deadline;
import io.tokenwise.backend.cpu.VectorBackend;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** One who calls, and one who calls and then closes: a call runs or is refused, and none has a session after close has returned. */
@JCStressTest
@Outcome(
        id = "[01], 1, 0",
        expect = ACCEPTABLE,
        desc = "the other call ran (1) or was refused (0), before it was closed")
@Outcome(expect = FORBIDDEN, desc = "a call had a session that was closed")
@State
public class ClosingPoolStress {
    private static final VectorBackend BACKEND = VectorBackend.open(1);

    private final SessionPool pool = new SessionPool(BACKEND, 1);

    /** Plain: who has a session must not see it. */
    private boolean closed;

    private int late;

    private int call() {
        Session session;
        try {
            session = pool.borrow(Deadline.NONE);
        } catch (IllegalStateException e) {
            return 0;
        }
        if (closed) {
            late++;
        }
        pool.giveBack(session);
        return 1;
    }

    @Actor
    public void first(III_Result result) {
        result.r1 = call();
    }

    @Actor
    public void second(III_Result result) {
        result.r2 = call();
        pool.close();
        closed = true;
    }

    @Arbiter
    public void look(III_Result result) {
        result.r3 = late;
    }
}
