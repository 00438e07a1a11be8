package io.tokenwise.fuzz.seeds;

import io.tokenwise.train.TrainTargets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes the corpora that the repository has, mostly with the project's own writers. */
public final class Seeds {
    private final Path root;

    private Seeds(Path root) {
        this.root = root;
    }

    /** Writes all; files of other names stay. */
    public static void write(Path root) throws IOException {
        var seeds = new Seeds(root);
        TensorSeeds.write(seeds.of("safetensors"), seeds.of("sharded"));
        ImageSeeds.write(seeds.of("png"), seeds.of("jpeg"));
        SoundSeeds.write(seeds.of("wav"));
        SetSeeds.write(seeds.of("tar"), seeds.of("tar-gz"), seeds.of("idx"));
        TextSeeds.write(seeds);
        Path checkpoint = root.resolve("checkpoint").resolve("small");
        Files.createDirectories(checkpoint.getParent());
        TrainTargets.write(checkpoint);
    }

    SeedFolder of(String target) {
        return new SeedFolder(root.resolve(target));
    }
}
