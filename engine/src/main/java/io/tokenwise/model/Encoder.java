package io.tokenwise.model;

import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.AdaptiveModule;
import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.acm.leave.ShortPlan;
import io.tokenwise.acm.leave.ShortPlans;
import io.tokenwise.acm.leave.StayingRows;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.io.StoredType;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleBiFunction;

/**
 * A model: inputs in, such as a text's token ids or an image's pixels, and for each, or for each of its tokens, a row out: a vector, logits of classes, a score, weights of
 * words. A speech model makes frames of recordings, of which a {@link #writer} writes text. It owns its weights' native memory; close frees it.
 *
 * <p>{@link #forward} without a tape is thread-safe for different passes once {@link #prepare} has run.
 */
public final class Encoder implements AutoCloseable {
    /** Of models without a short path. */
    private static final ShortPlan ALL_DENSE = new ShortPlan(0, 0);

    private final ModelDescription description;
    private final Parameters parameters;
    private final Network network;
    private final List<StoredTensor> stored;

    /** Kept, since each call of the network's makes an object. */
    private final Optional<Leaving> leaving;

    /** Null if all tokens' vectors make what comes out. */
    private final Pooling pooledToken;

    /** @param stored where its tensors are in a file */
    Encoder(ModelDescription description, Parameters parameters, Network network, List<StoredTensor> stored) {
        this.description = description;
        this.parameters = parameters;
        this.network = network;
        this.stored = stored;
        leaving = network.leaving();
        pooledToken = description.pooledToken().orElse(null);
    }

    /**
     * Reads a model into the backend's memory and packs its weights.
     *
     * @throws BadFileException if a tensor is missing, has a wrong shape or is no good
     */
    public static Encoder load(ModelFiles files, Backend backend) {
        return EncoderLoading.load(files, backend);
    }

    public ModelDescription description() {
        return description;
    }

    public Parameters parameters() {
        return parameters;
    }

    /** Width of a token's vector. */
    public int hidden() {
        return description.architecture().hiddenSize();
    }

    /** Width of what comes out for each input. */
    public int outputs() {
        return description.outputs();
    }

    /**
     * What writes the text of a speech model's frames.
     *
     * @throws IllegalStateException if the model is no speech recogniser
     */
    public SpeechWriter writer() {
        return network.writer().orElseThrow(() -> new IllegalStateException(description.name() + ": writes no text"));
    }

    /**
     * What writes it token by token.
     *
     * @throws IllegalStateException if nothing in the model does
     */
    public TextDecoder decoder() {
        if (writer() instanceof TextDecoder decoder) {
            return decoder;
        }
        throw new IllegalStateException(description.name() + ": writes no text token by token");
    }

    /**
     * What writes it by what each frame is.
     *
     * @throws IllegalStateException if nothing in the model does
     */
    public FrameWriter frameWriter() {
        if (writer() instanceof FrameWriter frames) {
            return frames;
        }
        throw new IllegalStateException(description.name() + ": writes its text token by token, not by frames");
    }

    /** The places of attention and MLP of each layer, in the order in which they run; of a speech model also the decoder's, after the encoder's. */
    public List<BlockSlot> slots() {
        return network.slots();
    }

    /** Those of them that {@link #tokens} goes through: all, but not a decoder's. */
    public List<BlockSlot> tokenSlots() {
        return network.tokenSlots();
    }

    /** The places of the dense path and of the short one. */
    List<BlockSlot> allSlots() {
        var all = new ArrayList<>(slots());
        all.addAll(network.narrowSlots());
        return all;
    }

    /** How tokens leave; empty if none can. */
    public Optional<Leaving> leaving() {
        return leaving;
    }

    /** The parameters of a text encoder but for its embeddings. */
    public List<Parameter> layerParameters() {
        return parameters.all().stream()
                .filter(parameter -> parameter.part() != Parameter.Part.EMBEDDINGS)
                .toList();
    }

    /** The parameters of the short path's narrow layers; empty without one. */
    public List<Parameter> narrowParameters() {
        return parameters.all().stream()
                .filter(parameter -> parameter.part() == Parameter.Part.NARROW)
                .toList();
    }

    /** All that decides what a token gets, in the order in which it is asked; empty for a dense model. */
    public List<AdaptiveModule> modules() {
        return leaving().isPresent() ? List.of(leaving().get().gate()) : List.copyOf(acms());
    }

    /** What budgets of this model are shares of where nobody says: time if its tokens leave, else FLOPs. */
    public Budget.Unit budgetUnit() {
        return leaving().isPresent() ? Budget.Unit.TIME : Budget.Unit.FLOPS;
    }

    /** A budget of {@link #budgetUnit}, spent as the trained gates decide. */
    public Budget budget(double share) {
        return Budget.of(share, budgetUnit(), Budget.Routing.LEARNED, 0);
    }

    /** Whether budgets change what it does. */
    public boolean isAdaptive() {
        return !modules().isEmpty();
    }

    /**
     * What an input gets. Only inputs of plans with equally many narrow layers share a batch.
     *
     * @throws IllegalArgumentException if the budget is one that the model cannot keep
     */
    public ShortPlan plan(int[] input, Budget budget) {
        return plan(input, 0, description.tokens(input), budget);
    }

    private ShortPlan plan(int[] inputs, int from, int tokens, Budget budget) {
        if (leaving().isPresent()) {
            return leaving().get().plan(inputs, from, tokens, budget);
        }
        if (budget.unit() == Budget.Unit.TIME && budget.share() < 1 && isAdaptive()) {
            throw new IllegalArgumentException("a budget of " + budget.share() + " of the time: " + description.name()
                    + " was made without a short path, by which time is saved; give a budget in FLOPs"
                    + " (--flops, Budget.flops), or distil it again");
        }
        return ALL_DENSE;
    }

    /** The share of the dense model's time that an input costs, as this machine's cost model predicts it; NaN for a model of whose modules only the gates know it. */
    public double timeShare(int[] input, Budget budget) {
        return share(input, budget, (plans, plan) -> plans.timeShare(description.tokens(input), plan));
    }

    /** The same of the multiply-adds of the layers' products and of gates. */
    public double flopsShare(int[] input, Budget budget) {
        return share(input, budget, (plans, plan) -> plans.flopsShare(description.tokens(input), plan));
    }

    private double share(int[] input, Budget budget, ToDoubleBiFunction<ShortPlans, ShortPlan> share) {
        if (!isAdaptive() || budget.share() == 1) {
            return 1;
        }
        return leaving.isEmpty()
                ? Double.NaN
                : share.applyAsDouble(leaving.get().plans(), plan(input, budget));
    }

    /** The adaptive blocks, in the order in which they run; empty for a dense model. */
    public List<AdaptiveBlock> adaptiveBlocks() {
        return Acmizer.blocks(slots());
    }

    /** The modules of the adaptive blocks, in the order in which they decide; empty for a dense model. */
    public List<Acm> acms() {
        return Acmizer.modules(slots());
    }

    /** Packs weights and derives what inference needs; to be called again after training. */
    public void prepare(Stream stream) {
        allSlots().forEach(slot -> slot.block().prepare(stream));
        prepareOutsideSlots(stream);
    }

    void prepareOutsideSlots(Stream stream) {
        network.prepare(stream);
        leaving.ifPresent(some -> some.gate().prepare(stream));
    }

    /** Appends an input to a batch. */
    public void add(TokenBatch batch, int[] input) {
        batch.add(input, description.tokens(input));
    }

    /**
     * Appends an image of which only a part of the tokens goes through the layers.
     *
     * @param places of these tokens among all, ascending; 0 is the class token
     */
    public void addPart(TokenBatch batch, int[] pixels, int[] places) {
        if (description.reads() != InputKind.IMAGE) {
            throw new UnsupportedOperationException("only of images a part can be read");
        }
        batch.addPart(pixels, places, description.tokens(pixels));
    }

    /**
     * What comes out for each input, {@code [sequences, outputs]}: a text's vector, of length 1 if the model's description says so, or logits. Where it is of each
     * token, {@code [tokens, outputs]}.
     */
    public Tensor forward(Pass pass, TokenBatch batch) {
        plan(pass, batch);
        return forward(pass);
    }

    /** The same with a plan for each input, which the caller has of {@link #plan}. */
    public Tensor forward(Pass pass, TokenBatch batch, List<ShortPlan> plans) {
        plan(pass, batch, plans);
        return forward(pass);
    }

    private Tensor forward(Pass pass) {
        // In training the tape has what all layers gave.
        Tensor vectors = run(pass, pass.keepsTemporaries() ? null : pooledToken);
        Tensor outputs = outputs(pass, vectors, pass.batch());
        tellSpent(pass);
        return outputs;
    }

    /**
     * Token vectors {@code [tokens, hidden]} after the last layer; on the short path of the tokens that stay, which are the pass's batch afterwards.
     *
     * @throws IllegalArgumentException if the inputs' plans differ in their number of narrow layers
     */
    public Tensor tokens(Pass pass, TokenBatch batch) {
        plan(pass, batch);
        return tokens(pass);
    }

    /** The same with a plan for each input, all with equally many narrow layers. */
    public Tensor tokens(Pass pass, TokenBatch batch, List<ShortPlan> plans) {
        plan(pass, batch, plans);
        return tokens(pass);
    }

    private Tensor tokens(Pass pass) {
        Tensor tokens = run(pass, null);
        tellSpent(pass);
        return tokens;
    }

    /** After all else, since a device may have to be waited for. Of no lambda: C2 at times leaves one for each forward. */
    private void tellSpent(Pass pass) {
        if (leaving.isPresent()) {
            leaving.get().tellSpent(pass);
        }
    }

    private void plan(Pass pass, TokenBatch batch) {
        pass.over(batch);
        StayingRows staying = StayingRows.of(pass);
        staying.clear();
        for (int input = 0; input < batch.sequences(); input++) {
            staying.add(plan(batch.inputs(), batch.inputOffsets()[input], batch.length(input), pass.budget(input)));
        }
    }

    private static void plan(Pass pass, TokenBatch batch, List<ShortPlan> plans) {
        if (plans.size() != batch.sequences()) {
            throw new IllegalArgumentException(
                    "a batch of " + batch.sequences() + " inputs with " + plans.size() + " plans: give one for each");
        }
        pass.over(batch);
        StayingRows staying = StayingRows.of(pass);
        staying.clear();
        for (int input = 0; input < plans.size(); input++) {
            staying.add(plans.get(input));
        }
    }

    /** @param read the token of each input whose vector alone is wanted; null if all are */
    private Tensor run(Pass pass, Pooling read) {
        if (!StayingRows.of(pass).haveOneWidth()) {
            throw new IllegalArgumentException("a batch of inputs whose plans have different numbers of narrow layers");
        }
        Tensor x = network.embeddings(pass, pass.batch());
        int narrowLayers = 0;
        if (leaving.isPresent()) {
            x = leaving.get().leave(pass, x);
            narrowLayers = StayingRows.of(pass).narrowLayers();
        }
        return read == null ? network.layers(pass, x, narrowLayers) : network.layers(pass, x, narrowLayers, read);
    }

    /** What the first layer reads, {@code [tokens, hidden]}, of all tokens of the batch, which is the pass's afterwards. */
    public Tensor embeddings(Pass pass, TokenBatch batch) {
        return network.embeddings(pass.over(batch), batch);
    }

    /**
     * Token vectors after the dense model's last layer.
     *
     * @param x embeddings of the tokens of the pass's batch, all that were made or some; the layers' own from here on: they write over it, and who needs it
     *     again copies it first
     */
    public Tensor layers(Pass pass, Tensor x) {
        return network.layers(pass, x, 0);
    }

    /** From token vectors what comes out for each input; where it is of each token, of any rows of them. */
    public Tensor outputs(Pass pass, Tensor tokens, TokenBatch batch) {
        return network.outputs(pass, tokens, batch);
    }

    /**
     * Multiply-adds for one token of a sequence of {@code length} tokens, what is done once for an input shared among its tokens; embeddings of words,
     * norms and softmax, under 1 %, are not counted. The last layer counts for all tokens, also where inference makes less of it since one token's vector is read alone.
     *
     * @param share of the adaptive layers' dense cost that is spent; a dense model ignores it
     */
    public double flopsPerToken(int length, double share) {
        double attentionProducts = description.architecture().attentionFlopsPerToken(length);
        double fixed = network.fixedFlops(length) / length;
        // A token that leaves is in none of the layers' products, and no other token's key.
        double staying = leaving().isPresent() ? share : 1;
        return staying * attentionProducts
                + fixed
                + tokenSlots().stream()
                        .mapToDouble(slot -> staying * slot.block().flopsPerToken(share))
                        .sum();
    }

    /** Number of weights. */
    public long parameterCount() {
        return parameters.all().stream().mapToLong(p -> p.value().size()).sum();
    }

    /** Writes the model in float32; see {@link #save(Path, Tokenizer, ModelWriter.Existing, StoredType)}. */
    public void save(Path directory, Tokenizer tokenizer, ModelWriter.Existing existing) throws IOException {
        save(directory, tokenizer, existing, StoredType.F32);
    }

    /**
     * Writes the model as a directory in Hugging Face's layout; adaptive modules keep their calibration. As bytes, learners are kept as what they
     * differ by from the dense blocks.
     *
     * @param tokenizer null if the model reads no text
     */
    public void save(Path directory, Tokenizer tokenizer, ModelWriter.Existing existing, StoredType type)
            throws IOException {
        new EncoderSaving(this, type).save(directory, tokenizer, existing);
    }

    /** What was built, before blocks were replaced. */
    List<StoredTensor> stored() {
        return stored;
    }

    /** Name of the dense model that this one comes from: itself, unless it was read as an adaptive one. */
    public String teacher() {
        return AdaptiveConfig.of(description).teacher().orElse(description.name());
    }

    @Override
    public void close() {
        parameters.close();
    }
}
