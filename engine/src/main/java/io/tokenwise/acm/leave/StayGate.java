package io.tokenwise.acm.leave;

import io.tokenwise.acm.choose.AdaptiveModule;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Stream;
import io.tokenwise.cost.Sizes;
import io.tokenwise.kernels.SequenceOps;
import io.tokenwise.nn.Attention;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream.Builder;

/**
 * The gate of tokens that leave: before the first layer it says what each token is worth to its input. It is one narrow transformer layer over the
 * embeddings, so that it sees a token, where it stands and what else is there, for half a per cent of the model's work.
 *
 * <p>A value is the logarithm of what the result loses without the token (the teacher's cosine distance or divergence), times the number of tokens: {@link
 * io.tokenwise.distill.TokenValues} measures it on the teacher.
 *
 * <p>Thread-safe for different passes once {@link #prepare} has run and while nobody trains.
 */
public final class StayGate implements AdaptiveModule {
    /** Wider gates order tokens no better (docs/lab/leaving.md). */
    public static final int WIDTH = 64;

    public static final int HEADS = 4;

    public static final int UNITS = 128;

    /** As the cost model knows it, but for its projection. */
    public static final Sizes SIZES = new Sizes(WIDTH, UNITS, HEADS, 1);

    /** Texts of so many tokens or fewer look their tokens' values up. */
    public static final int TABLE_TOKENS = 32;

    /** What an observer is told that tokens went through. */
    public static final String PATH = "tokens";

    private final Linear projection;
    private final LayerNorm projectionNorm;
    private final Attention attention;
    private final LayerNorm attentionNorm;
    private final Mlp mlp;
    private final LayerNorm outputNorm;
    private final Linear value;
    private final Parameter table;
    private final long learnerFlops;

    /** What is looked up: the table on the host. */
    private volatile Worths worths = new Worths(new float[0], -1);

    /**
     * @param projection {@code [hidden, width]}
     * @param value {@code [width, 1]}
     * @param table {@code [1, vocabulary]}, what each token of a text model's vocabulary is worth on average: for short texts, whose few rows save less than the gate costs and which
     *     it orders hardly better (docs/lab/leaving.md); null if inputs are no texts
     * @param learnerFlops multiply-adds of all layers for one token, attention's products not counted
     */
    public StayGate(
            Linear projection,
            LayerNorm projectionNorm,
            Attention attention,
            LayerNorm attentionNorm,
            Mlp mlp,
            LayerNorm outputNorm,
            Linear value,
            Parameter table,
            long learnerFlops) {
        this.projection = projection;
        this.projectionNorm = projectionNorm;
        this.attention = attention;
        this.attentionNorm = attentionNorm;
        this.mlp = mlp;
        this.outputNorm = outputNorm;
        this.value = value;
        this.table = table;
        this.learnerFlops = learnerFlops;
    }

    /** The table's values as of one of its versions. */
    private record Worths(float[] ofTokens, int version) {}

    /** What tokens are worth on average, {@code [1, vocabulary]}; null if inputs are no texts. */
    public Parameter table() {
        return table;
    }

    /** What a token's last vector becomes its value by, {@code [width, 1]}. */
    public Linear value() {
        return value;
    }

    /** What each token is worth, {@code [tokens, 1]}; x is the embeddings of the pass's batch. */
    public Tensor values(Pass pass, Tensor x) {
        Tensor projected = normed(pass, projectionNorm, projection.forward(pass, x));
        Tensor attended = normed(pass, attentionNorm, attention.forward(pass, projected, projected));
        return value.forward(pass, normed(pass, outputNorm, mlp.forward(pass, attended, attended)));
    }

    /** What a token of the vocabulary is worth on average, of whatever type it is. */
    public float worth(int token) {
        return worths()[token & SequenceOps.WORD];
    }

    /** Copied anew where the table has changed; threads that meet there copy the same. */
    private float[] worths() {
        Worths known = worths;
        if (known.version != table.version()) {
            try (HostTensor values = table.read()) {
                known = new Worths(new float[values.columns()], table.version());
                values.copyRow(0, known.ofTokens, 0);
            }
            worths = known;
        }
        return known.ofTokens;
    }

    /** Writes what the tokens of a text are worth on average into their rows of the values. */
    void lookUp(TokenBatch batch, int text, float[] values) {
        float[] ofTokens = worths();
        int row = batch.offsets()[text];
        for (int i = batch.inputOffsets()[text]; i < batch.inputOffsets()[text + 1]; i++) {
            values[row++] = ofTokens[batch.inputs()[i] & SequenceOps.WORD];
        }
    }

    private static Tensor normed(Pass pass, LayerNorm norm, Tensor x) {
        Tensor y = pass.tensor(x.rows(), x.columns());
        norm.forward(pass, x, y);
        return y;
    }

    /** Random weights, each matrix's of variance 1 / inputs. */
    public void start(RandomGenerator random) {
        for (Linear linear : linears()) {
            try (HostTensor weight = linear.weight().parameter().write()) {
                double deviation = 1 / Math.sqrt(weight.rows());
                for (int i = 0; i < weight.size(); i++) {
                    weight.set(i, (float) (deviation * random.nextGaussian()));
                }
            }
        }
        for (LayerNorm norm : norms()) {
            try (HostTensor gamma = norm.gamma().write()) {
                for (int column = 0; column < WIDTH; column++) {
                    gamma.set(0, column, 1);
                }
            }
        }
        parameters().forEach(Parameter::changed);
    }

    public void prepare(Stream stream) {
        projection.weight().prepare(stream);
        attention.prepare(stream);
        mlp.prepare(stream);
        value.weight().prepare(stream);
        if (table != null) {
            worths();
        }
    }

    private List<Linear> linears() {
        return List.of(projection, attention.qkv(), attention.output(), mlp.up(), mlp.down(), value);
    }

    private List<LayerNorm> norms() {
        return List.of(projectionNorm, attentionNorm, outputNorm);
    }

    /** Those that training changes. */
    public List<Parameter> parameters() {
        Builder<Parameter> parameters = java.util.stream.Stream.builder();
        linears().forEach(linear -> parameters.add(linear.weight().parameter()).add(linear.bias()));
        norms().forEach(norm -> parameters.add(norm.gamma()).add(norm.beta()));
        return parameters.build().toList();
    }

    @Override
    public String path() {
        return PATH;
    }

    @Override
    public long learnerFlops() {
        return learnerFlops;
    }

    /** A token goes through all layers or leaves. */
    @Override
    public int learners() {
        return 1;
    }

    /** Attention's products, of a width of 64, are not counted, as they are not in {@link #learnerFlops}. */
    @Override
    public long gateFlops() {
        return linears().stream().mapToLong(Linear::flopsPerToken).sum();
    }

    @Override
    public boolean isFixed() {
        return false;
    }
}
