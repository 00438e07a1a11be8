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
import org.openjdk.jcstress.infra.results.II_Result;

/** Two callers of a pool of one session: each call has it for itself, and sees what the call before wrote. So many calls that some are polite. */
@JCStressTest
@Outcome(id = "24, 0", expect = ACCEPTABLE, desc = "one call after the other")
@Outcome(expect = FORBIDDEN, desc = "two calls had the session, or a call did not see what the one before wrote")
@State
public class LendingStress {
    private static final VectorBackend BACKEND = VectorBackend.open(1);
    private static final int CALLS = 12;

    private final SessionPool pool = new SessionPool(BACKEND, 1);

    /** Plain: the pool alone puts them in order. */
    private int calls;

    private int inside;
    private int together;

    private void call() {
        for (int i = 0; i < CALLS; i++) {
            Session session = pool.borrow(Deadline.NONE);
            together += inside++;
            calls++;
            inside--;
            pool.giveBack(session);
        }
    }

    @Actor
    public void first() {
        call();
    }

    @Actor
    public void second() {
        call();
    }

    @Arbiter
    public void look(II_Result result) {
        pool.close();
        result.r1 = calls;
        result.r2 = together;
    }
}
