package io.tokenwise.bench.faults;

import java.io.IOException;
import java.nio.file.Path;

/** A process of its own that trains and is killed: with arguments TRAINING MODEL OUT it says when it begins. */
final class TrainingMain {
    static final String BEGUN = "begun";

    private TrainingMain() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        System.out.println(BEGUN);
        SmallTraining.valueOf(args[0]).run(Path.of(args[1]), Path.of(args[2]));
    }
}
