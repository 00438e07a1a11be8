package io.tokenwise.acm.choose;

import io.tokenwise.backend.Routing;
import io.tokenwise.nn.Pass;
import java.util.ArrayList;
import java.util.List;

/** The routings of the block that runs now, one for each of its decisions: working memory of a pass. */
public final class Routings {
    private final List<Routing> routings = new ArrayList<>();

    /** That of a decision of the block, numbered from 0. */
    public static Routing of(Pass pass, int number) {
        List<Routing> all = pass.memory(Routings.class, Routings::new).routings;
        while (all.size() <= number) {
            all.add(pass.stream().routing());
        }
        return all.get(number);
    }
}
