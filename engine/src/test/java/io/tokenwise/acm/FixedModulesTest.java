package io.tokenwise.acm;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.Sessions;
import io.tokenwise.TestModels;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.BackendChoice;
import io.tokenwise.backend.Precision;
import io.tokenwise.backend.VectorBackend;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.ModelWriter;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Budget;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Controls give every token the same learners of a module, which run as one product. In an adaptive model the same learners run one by one. */
class FixedModulesTest {
    private static final Logger LOG = LoggerFactory.getLogger(FixedModulesTest.class);

    private static final int LEARNERS = 12;

    private final List<int[]> texts = TestModels.sequences(3, 9, 1, 17, 40, 5, 31, 2, 12);

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        TestModels.write(folder.resolve("dense"), TestModels.WIDER);
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = ModelFiles.open(folder.resolve("dense"));
                Encoder encoder = Encoder.load(files, backend)) {
            TestModels.acmize(encoder, AdaptiveLayers.parse("mlp,qk,vo", LEARNERS), texts);
            encoder.save(folder.resolve("adaptive"), files.tokenizer(), ModelWriter.Existing.KEEP);
        }
    }

    /**
     * In float32 and bfloat16 values are the same and only sums have another order; a sum of bfloat16 may then be rounded to the next value, 1/256 off. In 8 bits a row of
     * units, or of the context, has one step for all learners instead of one for each, and so has an output's weight: steps are as wide as the widest learner's, half of one is
     * 1/500 of what a row spans, and random errors of as many terms as a sum has are a few such halves.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"VECTOR|F32|1e-5", "ONEDNN|F32|1e-5", "ONEDNN|BF16|4", "ONEDNN|S8|2"})
    void oneProductGivesWhatLearnersGiveOneByOne(BackendChoice.Kind kind, Precision precision, double bound)
            throws IOException {
        try (Backend backend = open(kind, precision);
                Encoder adaptive = load("adaptive", backend)) {
            for (int count : new int[] {0, 1, 5, 8, LEARNERS - 1, LEARNERS}) {
                String name = writeControl("control-" + count, _ -> count);
                try (Encoder control = load(name, backend)) {
                    List<Matrix> expected = outputs(adaptive, Budget.fixed((double) count / LEARNERS));
                    List<Matrix> actual = outputs(control, Budget.flops(0.3));
                    for (int block = 0; block < expected.size(); block++) {
                        double distance = actual.get(block).distance(expected.get(block))
                                / expected.get(block).largest();
                        LOG.info("{} {}, {} learners, block {}: {} apart", kind, precision, count, block, distance);
                        assertThat(distance)
                                .as("%d learners, block %d", count, block)
                                .isLessThan(bound);
                    }
                }
            }
        }
    }

    /** Of modules that have none, some and all learners, alone, in a batch, backwards, and at any budget. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"VECTOR|F32", "ONEDNN|F32", "ONEDNN|BF16", "ONEDNN|S8"})
    void aRowsBitsDependOnNothingElse(BackendChoice.Kind kind, Precision precision) throws IOException {
        String name = writeControl("mixed", acm -> Math.floorMod(acm.path().hashCode(), LEARNERS + 1));
        try (Backend backend = open(kind, precision);
                Encoder control = load(name, backend);
                var sessions = new Sessions(control, backend, 1024, 1)) {
            assertThat(control.acms().stream().map(Acm::fixedCount).distinct()).hasSizeGreaterThan(2);
            float[][] together = sessions.encode(texts, Budget.FULL, null);
            float[][] backwards = sessions.encode(texts.reversed(), Budget.flops(0.4), null);
            for (int i = 0; i < texts.size(); i++) {
                float[] alone = sessions.encode(List.of(texts.get(i)), Budget.fixed(0.8), null)[0];
                assertThat(together[i]).as("text %d", i).isEqualTo(alone);
                assertThat(backwards[texts.size() - 1 - i]).as("text %d", i).isEqualTo(alone);
            }
        }
    }

    /** What each adaptive block gives for the same rows of noise. */
    private List<Matrix> outputs(Encoder encoder, Budget budget) {
        Backend backend = encoder.parameters().backend();
        TokenBatch batch = TokenBatch.of(texts.toArray(int[][]::new));
        Matrix x = Matrix.gaussian(batch.tokens(), encoder.hidden(), 1, new SplittableRandom(5));
        Matrix residual = Matrix.gaussian(batch.tokens(), encoder.hidden(), 1, new SplittableRandom(6));
        var outputs = new ArrayList<Matrix>();
        try (var workspace = new Workspace(1L << 28)) {
            for (AdaptiveBlock block : encoder.adaptiveBlocks()) {
                Pass pass = new Pass(backend.stream(), workspace)
                        .begin(budget, null)
                        .over(batch);
                outputs.add(Matrix.of(block.forward(pass, tensor(pass, x), tensor(pass, residual))));
            }
        }
        return outputs;
    }

    private static Tensor tensor(Pass pass, Matrix matrix) {
        Tensor tensor = pass.tensor(matrix.rows(), matrix.columns());
        matrix.copyTo(tensor);
        return tensor;
    }

    private Encoder load(String name, Backend backend) throws IOException {
        try (ModelFiles files = ModelFiles.open(folder.resolve(name))) {
            return Encoder.load(files, backend);
        }
    }

    /** The adaptive model as a control. */
    private String writeControl(String name, ToIntFunction<Acm> count) throws IOException {
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = ModelFiles.open(folder.resolve("adaptive"));
                Encoder encoder = Encoder.load(files, backend)) {
            Acmizer.fix(encoder.acms(), encoder.acms().stream().collect(Collectors.toMap(Acm::path, count::applyAsInt)));
            encoder.save(folder.resolve(name), files.tokenizer(), ModelWriter.Existing.KEEP);
        }
        return name;
    }

    private static Backend open(BackendChoice.Kind kind, Precision precision) {
        return kind == BackendChoice.Kind.ONEDNN ? TestModels.oneDnn(precision, 2) : VectorBackend.open(2);
    }
}
