package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.Embedding;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.testdata.SharedData;
import io.tokenwise.testdata.Spearman;
import io.tokenwise.testdata.StsPairs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The quality that MiniLM is known for, with our tokenizer and our engine, on STS-B's development set. */
class StsbTest {
    private static final Logger LOG = LoggerFactory.getLogger(StsbTest.class);

    /** The bounds for bf16 and s8 are those under which they may be chosen unasked; 7 bits keep to those of 8. */
    @ParameterizedTest
    @CsvSource({
        "VECTOR, F32, 0.8669, 0.8675",
        "ONEDNN, BF16, 0.8660, 0.8680",
        "ONEDNN, S8, 0.8630, 0.8700",
        "ONEDNN, S7, 0.8630, 0.8700"
    })
    void spearmanOfMiniLm(BackendChoice.Kind kind, Precision precision, double least, double most) throws IOException {
        Optional<Path> file = SharedData.find().stsbDev();
        assumeTrue(
                file.isPresent(),
                "STS-B is not here: put stsb/dev.csv into the folder that -D" + SharedData.PROPERTY + " names");
        List<StsPairs.Pair> pairs = StsPairs.read(file.get());
        var choice = new BackendChoice(kind, precision);
        try (TextEncoder encoder = open(choice)) {
            List<Embedding> first =
                    encoder.embed(pairs.stream().map(StsPairs.Pair::first).toList());
            List<Embedding> second =
                    encoder.embed(pairs.stream().map(StsPairs.Pair::second).toList());
            double[] cosines = IntStream.range(0, pairs.size())
                    .mapToDouble(i -> first.get(i).cosine(second.get(i)))
                    .toArray();
            double spearman = Spearman.correlation(
                    cosines, pairs.stream().mapToDouble(StsPairs.Pair::score).toArray());
            LOG.info("minilm, {}, {} pairs of STS-B: Spearman {}", precision, pairs.size(), spearman);
            assertThat(spearman).isBetween(least, most);
        }
    }

    private static TextEncoder open(BackendChoice choice) throws IOException {
        try {
            return TextEncoder.open(
                    "minilm", EngineOptions.defaults().withThreads(2).withBackend(choice));
        } catch (IllegalArgumentException e) {
            return Assumptions.abort(e.getMessage());
        }
    }
}
