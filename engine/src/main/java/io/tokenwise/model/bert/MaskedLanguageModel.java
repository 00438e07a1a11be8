package io.tokenwise.model.bert;

import io.tokenwise.api.BadFileException;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.AdaptiveConfig;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.StoredTensor;
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.model.WordHead;
import io.tokenwise.nn.Pass;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;

/**
 * What a BERT was pre-trained with (Devlin et al. 2019): from a masked token's vector the logits of all words, {@code norm(gelu(h W + b)) E^T + c}, where E is the
 * encoder's table of words. It owns native memory, among it that table packed once more, as large as the table; close frees it.
 *
 * <p>Thread-safe for different passes. To be closed before its encoder.
 */
public final class MaskedLanguageModel implements AutoCloseable {
    private static final String BIAS = "cls.predictions.bias";

    private final Parameters parameters;
    private final WordHead head;

    private MaskedLanguageModel(Parameters parameters, WordHead head) {
        this.parameters = parameters;
        this.head = head;
    }

    /** Whether a BERT's files have such a head. */
    public static boolean isIn(WeightSource weights) {
        return weights.names().contains(BIAS);
    }

    /**
     * Reads the head of a BERT, or of one that gives tokens the same vectors, such as the dense model that an adaptive one was made of.
     *
     * @param weights that are open still
     * @param encoder whose table of words it uses, in that one's precision
     * @throws BadFileException if there is no head, or it does not fit the encoder
     */
    public static MaskedLanguageModel load(WeightSource weights, Encoder encoder) {
        if (!isIn(weights)) {
            throw new BadFileException(
                    weights.description(),
                    "has no tensor " + BIAS
                            + ": no masked-LM head; ./tokenwise fetch bert-base brings a model with one");
        }
        var parameters = new Parameters(encoder.parameters().backend());
        try {
            var sizes = (TextArchitecture) encoder.description().architecture();
            LayerBuilder parts = new LayerBuilder(parameters, sizes, AdaptiveConfig.DENSE).head();
            WordHead head = WordHead.of(
                    BertFamily.words(sizes), 0, encoder.parameters().get("embeddings.word_embeddings.weight"), parts);
            StoredTensor.loadAll(parts.stored(), weights);
            parameters.all().forEach(Parameter::changed);
            head.prepare(parameters.backend().stream());
            return new MaskedLanguageModel(parameters, head);
        } catch (Throwable e) {
            parameters.close();
            throw e;
        }
    }

    /** Words, of each of which there is a logit. */
    public int vocabularySize() {
        return head.words().inputs();
    }

    /**
     * The logits of some tokens, {@code [rows, vocabulary]}.
     *
     * @param pass for inference, in which the tokens' vectors were made
     * @param tokens {@code [tokens, hidden]}, after the last layer
     * @param rows which of them
     */
    public Tensor logits(Pass pass, Tensor tokens, int[] rows) {
        Tensor x = pass.tensor(rows.length, tokens.columns());
        TakenRows.forward(pass.stream(), tokens, rows, x);
        return head.logits(pass, x);
    }

    /**
     * What it guesses of tokens that are hidden.
     *
     * @param tokens right and wrong ones
     * @param right how many had the largest logit
     * @param loss sum of the negative logarithms of their probabilities
     */
    public record Guesses(long tokens, long right, double loss) {
        public static final Guesses NONE = new Guesses(0, 0, 0);

        public Guesses plus(Guesses more) {
            return new Guesses(tokens + more.tokens, right + more.right, loss + more.loss);
        }

        /** Share of the tokens that are right. */
        public double accuracy() {
            return (double) right / tokens;
        }

        /** The exponential of the mean loss: how many words a token is as good as drawn from. */
        public double pseudoPerplexity() {
            return Math.exp(loss / tokens);
        }
    }

    /**
     * Guesses some tokens; otherwise as {@link #logits}.
     *
     * @param hidden what each of them is
     */
    public Guesses guess(Pass pass, Tensor tokens, int[] rows, int[] hidden) {
        var ofToken = new float[vocabularySize()];
        Guesses guesses = Guesses.NONE;
        try (HostTensor logits = pass.stream().read(logits(pass, tokens, rows))) {
            for (int i = 0; i < rows.length; i++) {
                logits.copyRow(i, ofToken, 0);
                guesses = guesses.plus(guess(ofToken, hidden[i]));
            }
        }
        return guesses;
    }

    private static Guesses guess(float[] logits, int hidden) {
        int likeliest = 0;
        for (int word = 1; word < logits.length; word++) {
            likeliest = logits[word] > logits[likeliest] ? word : likeliest;
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - logits[likeliest]);
        }
        return new Guesses(1, likeliest == hidden ? 1 : 0, logits[likeliest] - logits[hidden] + Math.log(sum));
    }

    @Override
    public void close() {
        parameters.close();
    }
}
