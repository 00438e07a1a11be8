package io.tokenwise.distill;

import io.tokenwise.TestModels;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Short distillations of a small model with random weights in a folder. */
abstract class OnSmallRuns {
    static final int STEPS = 40;

    @TempDir
    Path folder;

    /** What is distilled. */
    Path dense;

    /** Of the last run that ended. */
    History history;

    boolean reportFails;

    StoredType stored = StoredType.F32;

    @BeforeEach
    final void write() throws IOException {
        dense = folder.resolve("dense");
        TestModels.writeSmall(dense);
    }

    /** @param stopAfter interrupts it after so many steps; -1 for never */
    final List<Distillation.Step> run(Path out, DistillConfig config, int threads, int stopAfter) throws Exception {
        var steps = new ArrayList<Distillation.Step>();
        history = null;
        try (ModelFiles files = Models.open(dense);
                Backend backend = VectorBackend.open(threads)) {
            new DistillRun(files, ChildRun.texts(), config, out, ModelWriter.Existing.KEEP, 9, stored)
                    .run(backend, new DistillRun.Listener() {
                        @Override
                        public void step(Distillation.Step step) {
                            steps.add(step);
                            if (steps.size() == stopAfter) {
                                Thread.currentThread().interrupt();
                            }
                        }

                        @Override
                        public void written(History whole) throws IOException {
                            history = whole;
                            if (reportFails) {
                                throw new IOException("no report");
                            }
                        }
                    });
        }
        return steps;
    }

    /** Where the weights of two runs begin to differ, or -1. */
    final long mismatch(String a, String b) throws IOException {
        String weights = "model.safetensors";
        return Files.mismatch(
                folder.resolve(a).resolve(weights), folder.resolve(b).resolve(weights));
    }

    static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
