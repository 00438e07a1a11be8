package io.tokenwise.serving;

import io.tokenwise.Embedding;
import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.session.OpenModel;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * What reads a text, a pair of texts or an image and gives one vector, logits or a score, in a queue: token ids or pixels in. The model stays its opener's, to be closed after the queue.
 */
public final class ServedEncoder implements Served<float[]> {
    private final String name;
    private final OpenModel model;

    /**
     * Puts a model in front of a queue.
     *
     * @param name in messages and metrics
     * @param model opened with one thread and at least as many concurrent calls as the queue has workers
     */
    public ServedEncoder(String name, OpenModel model) {
        this.name = name;
        this.model = model;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int tokens(int[] input) {
        int tokens = encoder().description().tokens(input);
        if (tokens < 1 || tokens > maxTokens()) {
            throw new IllegalArgumentException(
                    name + ": an input of " + tokens + " tokens; must be 1 to " + maxTokens());
        }
        return tokens;
    }

    /** Random words, between the marks that each text has; or noise. */
    @Override
    public int[] sample(int tokens) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(tokens);
        if (encoder().description().reads() != InputKind.TEXT) {
            int side = model.files().image().architecture().imageSize();
            return random.ints(side * side, 0, 1 << 24).toArray();
        }
        Tokenizer tokenizer = model.files().tokenizer();
        int words = tokenizer.vocabularySize();
        int wanted = Math.max(0, tokens - tokenizer.frame().marks());
        return tokenizer.surrounded(random.ints(wanted, words / 2, words).toArray());
    }

    @Override
    public int maxTokens() {
        return encoder().description().maxTokens();
    }

    @Override
    public void giveBackMemory() {
        model.sessions().giveBackMemory();
    }

    @Override
    public boolean isAdaptive() {
        return encoder().isAdaptive();
    }

    @Override
    public Budget budget(double share) {
        return encoder().budget(share);
    }

    @Override
    public Spent spent(int[] input, Budget budget) {
        // For what it throws.
        encoder().plan(input, budget);
        return Spent.of(encoder(), input, budget);
    }

    @Override
    public List<float[]> run(List<int[]> inputs, List<Budget> budgets) {
        return List.of(model.encode(inputs, budgets));
    }

    /** Some English of several kinds, if it gives vectors of texts: what a score or classes lose, these texts do not tell. */
    @Override
    public List<int[]> typical(int tokens) {
        boolean isEncoder =
                encoder().description() instanceof TextDescription text && text.output() instanceof TextOutput.Vectors;
        if (!isEncoder || tokens < Tokenizer.LEAST_MAX_TOKENS) {
            return List.of();
        }
        Tokenizer tokenizer = model.files().tokenizer();
        return typicalTexts()
                .lines()
                .map(text -> tokenizer.encode(text, tokens).ids())
                .filter(ids -> ids.length == tokens)
                .toList();
    }

    private static String typicalTexts() {
        try (InputStream in = ServedEncoder.class.getResourceAsStream("typical.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public double loss(float[] full, float[] found) {
        return 1 - Embedding.cosine(full, found);
    }

    private Encoder encoder() {
        return model.encoder();
    }
}
