package io.tokenwise.acm.block;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Controls give every token the same learners of a module, which run as one product. In an adaptive model the same learners run one by one. */
class FixedModulesTest {
    private static final Logger LOG = LoggerFactory.getLogger(FixedModulesTest.class);

    private static final int LEARNERS = 6;
    private static final int[] COUNTS = {0, 1, 3, LEARNERS - 1, LEARNERS};

    /** A learner has 32 columns of attention: fewer are multiplied in float32 whatever the precision. */
    private static final BertArchitecture SIZES = new BertArchitecture(192, 2, 3, 384, 30522, 40, 2, 1e-12);

    private final List<int[]> texts = TestModels.sequences(3, 9, 1, 17, 40, 5, 31, 2, 12);

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        TestModels.write(folder.resolve("dense"), SIZES);
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(folder.resolve("dense"));
                Encoder encoder = Encoder.load(files, backend)) {
            TestModels.acmize(encoder, AdaptiveLayers.parse("mlp,qk,vo", LEARNERS), texts);
            encoder.save(folder.resolve("adaptive"), files.tokenizer(), ModelWriter.Existing.KEEP);
        }
    }

    @Test
    void oneProductGivesWhatLearnersGiveOneByOne() throws IOException {
        try (Backend backend = VectorBackend.open(2);
                Encoder adaptive = load("adaptive", backend)) {
            for (int count : COUNTS) {
                try (Encoder control = load(writeControl(count), backend)) {
                    List<Matrix> expected = outputs(adaptive, count);
                    List<Matrix> actual = outputs(control, count);
                    for (int block = 0; block < expected.size(); block++) {
                        double distance = actual.get(block).distance(expected.get(block));
                        assertThat(distance)
                                .as("%d learners, block %d", count, block)
                                .isLessThan(1e-5 * expected.get(block).largest());
                    }
                }
            }
        }
    }

    /**
     * In fewer bits both are rounded, and not alike: sums have another order, and in 8 bits the step of an output's weights is that of the learners that run, not of all. So the
     * two are not compared with one another, but with float32: the one product must be as near to it as the many are. A twentieth more is left for chance.
     */
    @ParameterizedTest
    @EnumSource(
            value = Precision.class,
            names = {"BF16", "S8"})
    void oneProductIsAsNearToFloat32AsLearnersOneByOneAre(Precision precision) throws IOException {
        try (Backend backend = TestModels.oneDnn(precision, 2);
                Backend exactly = VectorBackend.open(2);
                Encoder adaptive = load("adaptive", backend);
                Encoder exact = load("adaptive", exactly)) {
            for (int count : COUNTS) {
                try (Encoder control = load(writeControl(count), backend)) {
                    List<Matrix> expected = outputs(exact, count);
                    List<Matrix> oneByOne = outputs(adaptive, count);
                    List<Matrix> together = outputs(control, count);
                    for (int block = 0; block < expected.size(); block++) {
                        double many = error(oneByOne.get(block), expected.get(block));
                        double one = error(together.get(block), expected.get(block));
                        LOG.info("{}, {} learners, block {}: errors {} and {}", precision, count, block, many, one);
                        assertThat(one)
                                .as("%d learners, block %d", count, block)
                                .isLessThanOrEqualTo(1.05 * many);
                    }
                }
            }
        }
    }

    /** Root of the mean square of what two matrices differ by. */
    private static double error(Matrix some, Matrix exact) {
        Matrix difference = some.plus(-1, exact);
        return Math.sqrt(difference.dot(difference) / (some.rows() * some.columns()));
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

    /** What each adaptive block gives for the same rows of noise, all of which have so many learners. */
    private List<Matrix> outputs(Encoder encoder, int count) {
        Backend backend = encoder.parameters().backend();
        TokenBatch batch = TokenBatch.of(texts.toArray(int[][]::new));
        Matrix x = Matrix.gaussian(batch.tokens(), encoder.hidden(), 1, new SplittableRandom(5));
        Matrix residual = Matrix.gaussian(batch.tokens(), encoder.hidden(), 1, new SplittableRandom(6));
        var outputs = new ArrayList<Matrix>();
        try (var workspace = backend.workspace(1L << 28)) {
            for (AdaptiveBlock block : encoder.adaptiveBlocks()) {
                Pass pass = new Pass(backend.stream(), workspace)
                        .begin(Budget.fixed((double) count / LEARNERS))
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
        try (ModelFiles files = Models.open(folder.resolve(name))) {
            return Encoder.load(files, backend);
        }
    }

    private String writeControl(int learners) throws IOException {
        return writeControl("control-" + learners, _ -> learners);
    }

    /** The adaptive model as a control. */
    private String writeControl(String name, ToIntFunction<Acm> count) throws IOException {
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(folder.resolve("adaptive"));
                Encoder encoder = Encoder.load(files, backend)) {
            Acmizer.fix(
                    encoder.acms(), encoder.acms().stream().collect(Collectors.toMap(Acm::path, count::applyAsInt)));
            encoder.save(folder.resolve(name), files.tokenizer(), ModelWriter.Existing.KEEP);
        }
        return name;
    }

    private static Backend open(BackendChoice.Kind kind, Precision precision) {
        return kind == BackendChoice.Kind.ONEDNN ? TestModels.oneDnn(precision, 2) : VectorBackend.open(2);
    }
}
