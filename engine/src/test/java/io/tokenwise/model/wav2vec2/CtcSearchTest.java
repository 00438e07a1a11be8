package io.tokenwise.model.wav2vec2;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Letters that frames say, by their best path and by a beam, against all ways to say them. */
class CtcSearchTest {
    private static final int FRAMES = 6;
    private static final int TOKENS = 4;
    private static final int CASES = 200;

    /** More than there are texts of so few frames. */
    private static final int ALL = 2_000;

    private final Backend backend = VectorBackend.open(1);
    private final Workspace workspace = backend.workspace(1 << 22);
    private final Random random = new Random(5);

    @AfterEach
    void close() {
        workspace.close();
        backend.close();
    }

    /** How likely each text is: the sum over all ways of a token a frame. */
    private static Map<List<Integer>, Double> texts(Tensor logits, int blank) {
        Map<List<Integer>, Double> texts = new HashMap<>();
        int ways = (int) Math.pow(logits.columns(), logits.rows());
        for (int way = 0; way < ways; way++) {
            List<Integer> text = new ArrayList<>();
            double likely = 1;
            int last = blank;
            int rest = way;
            for (int frame = 0; frame < logits.rows(); frame++) {
                int token = rest % logits.columns();
                rest /= logits.columns();
                likely *= probability(logits, frame, token);
                if (token != blank && token != last) {
                    text.add(token);
                }
                last = token;
            }
            texts.merge(text, likely, Double::sum);
        }
        return texts;
    }

    private static double probability(Tensor logits, int frame, int token) {
        double sum = 0;
        for (int i = 0; i < logits.columns(); i++) {
            sum += Math.exp(logits.host().get(frame, i));
        }
        return Math.exp(logits.host().get(frame, token)) / sum;
    }

    private Tensor random(int frames, int tokens, double scale) {
        Tensor logits = workspace.tensor(frames, tokens);
        for (int i = 0; i < logits.size(); i++) {
            logits.floats().set(i, (float) (scale * random.nextGaussian()));
        }
        return logits;
    }

    private static Tensor saying(Workspace workspace, int tokens, int... ids) {
        Tensor logits = workspace.tensor(ids.length, tokens);
        for (int frame = 0; frame < ids.length; frame++) {
            for (int token = 0; token < tokens; token++) {
                logits.host().set(frame, token, token == ids[frame] ? 9 : 0);
            }
        }
        return logits;
    }

    private static List<Integer> list(int... letters) {
        return Arrays.stream(letters).boxed().toList();
    }

    @Test
    void aBeamOfAllTextsFindsTheLikeliestOne() {
        int unlikeThePath = 0;
        for (int i = 0; i < CASES; i++) {
            Tensor logits = random(FRAMES, TOKENS, .5 + i % 4);
            int blank = i % TOKENS;
            Map<List<Integer>, Double> texts = texts(logits, blank);
            double most = texts.values().stream().mapToDouble(p -> p).max().orElseThrow();
            List<Integer> found = list(CtcBeam.letters(logits.host(), blank, ALL));
            assertThat(texts.get(found)).as("case %d", i).isGreaterThan(most * (1 - 1e-9));
            unlikeThePath += found.equals(list(CtcGreedy.letters(logits.host(), blank))) ? 0 : 1;
        }
        assertThat(unlikeThePath).as("cases that the best path gets wrong").isGreaterThan(CASES / 10);
    }

    /** By ways that are cut: those whose first frames are not what is kept of these frames. */
    @Test
    void aBeamOfOneGoesOnWithTheLikeliestBeginningAlone() {
        for (int i = 0; i < CASES; i++) {
            Tensor logits = random(FRAMES, TOKENS, .5 + i % 4);
            assertThat(list(CtcBeam.letters(logits.host(), 0, 1)))
                    .as("case %d", i)
                    .isEqualTo(likeliestBeginnings(logits));
        }
    }

    private static List<Integer> likeliestBeginnings(Tensor logits) {
        List<Integer> kept = List.of();
        // By the token of the last frame that is no blank, or by the blank.
        double byBlank = 1;
        double byLetter = 0;
        for (int frame = 0; frame < logits.rows(); frame++) {
            int last = kept.isEmpty() ? 0 : kept.getLast();
            double stayByBlank = (byBlank + byLetter) * probability(logits, frame, 0);
            double stayByLetter = kept.isEmpty() ? 0 : byLetter * probability(logits, frame, last);
            double most = stayByBlank + stayByLetter;
            List<Integer> next = kept;
            for (int token = 1; token < logits.columns(); token++) {
                double longer = (token == last ? byBlank : byBlank + byLetter) * probability(logits, frame, token);
                if (longer > most) {
                    most = longer;
                    next = new ArrayList<>(kept);
                    next.add(token);
                }
            }
            byBlank = next.equals(kept) ? stayByBlank : 0;
            byLetter = next.equals(kept) ? stayByLetter : most;
            kept = next;
        }
        return kept;
    }

    @Test
    void aWiderBeamIsNeverWorseOnAverage() {
        double[] found = new double[3];
        for (int i = 0; i < CASES; i++) {
            Tensor logits = random(FRAMES, TOKENS, .5);
            Map<List<Integer>, Double> texts = texts(logits, 0);
            int[] widths = {1, 4, ALL};
            for (int w = 0; w < widths.length; w++) {
                found[w] += texts.get(list(CtcBeam.letters(logits.host(), 0, widths[w])));
            }
        }
        assertThat(found).isSorted();
        assertThat(found[0]).isLessThan(found[2]);
    }

    /** A beginning that left may come back, and then is the one that others go on from. */
    @Test
    void beginningsOfWhatIsKeptAreRememberedAndNoOthers() {
        for (int i = 0; i < 20; i++) {
            var beam = new CtcBeam(0, 1 + 3 * i);
            for (int part = 0; part < 20; part++) {
                beam.hear(random(5, TOKENS, .5 + i % 4).host());
                Set<List<Integer>> beginnings = new HashSet<>();
                for (int[] text : beam.texts()) {
                    for (int length = 0; length <= text.length; length++) {
                        beginnings.add(list(text).subList(0, length));
                    }
                }
                assertThat(beam.beginnings()).as("case %d, part %d", i, part).isEqualTo(beginnings.size());
            }
        }
    }

    @Test
    void aLetterThatGoesOnIsOneAndABlankPartsTwo() {
        Tensor logits = saying(workspace, 4, 0, 1, 1, 0, 1, 2, 2, 3, 0, 0);
        assertThat(CtcGreedy.letters(logits.host(), 0)).containsExactly(1, 1, 2, 3);
        assertThat(CtcBeam.letters(logits.host(), 0, 1)).containsExactly(1, 1, 2, 3);
        assertThat(CtcBeam.letters(logits.host(), 0, 16)).containsExactly(1, 1, 2, 3);
    }

    @Test
    void nothingIsSaidInBlanksOrInNoFrames() {
        Tensor blanks = saying(workspace, 3, 2, 2, 2);
        assertThat(CtcGreedy.letters(blanks.host(), 2)).isEmpty();
        assertThat(CtcBeam.letters(blanks.host(), 2, 4)).isEmpty();
        Tensor none = workspace.tensor(0, 3);
        assertThat(CtcGreedy.letters(none.host(), 2)).isEmpty();
        assertThat(CtcBeam.letters(none.host(), 2, 4)).isEmpty();
    }
}
