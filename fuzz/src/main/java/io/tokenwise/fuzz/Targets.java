package io.tokenwise.fuzz;

import io.tokenwise.audio.AudioTargets;
import io.tokenwise.cli.CliTargets;
import io.tokenwise.cost.CostTargets;
import io.tokenwise.image.ImageTargets;
import io.tokenwise.io.IoTargets;
import io.tokenwise.model.moonshine.MoonshineTargets;
import io.tokenwise.model.open.ModelTargets;
import io.tokenwise.search.SearchTargets;
import io.tokenwise.server.ServerTargets;
import io.tokenwise.tokenizer.TokenizerTargets;
import io.tokenwise.train.TrainTargets;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** All targets. Those that call what only their package sees are in that package. */
public final class Targets implements Supplier<List<Target>> {
    @Override
    public List<Target> get() {
        return Stream.of(
                        IoTargets.ALL,
                        ModelTargets.ALL,
                        MoonshineTargets.ALL,
                        TokenizerTargets.ALL,
                        AudioTargets.ALL,
                        ImageTargets.ALL,
                        CliTargets.ALL,
                        SearchTargets.ALL,
                        TrainTargets.ALL,
                        CostTargets.ALL,
                        ServerTargets.ALL)
                .flatMap(List::stream)
                .toList();
    }

    /** @throws IllegalArgumentException if there is none of that name */
    static Target named(String name, List<Target> targets) {
        return targets.stream()
                .filter(target -> target.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no target " + name + "; there are "
                        + targets.stream().map(Target::name).collect(Collectors.joining(", "))));
    }
}
