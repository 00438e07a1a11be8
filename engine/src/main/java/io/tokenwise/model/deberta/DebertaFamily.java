package io.tokenwise.model.deberta;

import io.tokenwise.io.JsonFile;
import io.tokenwise.kernels.Activation;
import io.tokenwise.model.Adaptable;
import io.tokenwise.model.EmbeddingForm;
import io.tokenwise.model.EncoderConfig;
import io.tokenwise.model.EncoderForm;
import io.tokenwise.model.HeadForm;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.LayerForm;
import io.tokenwise.model.LayerNames;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.Network;
import io.tokenwise.model.TensorNames;
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextNetwork;
import io.tokenwise.model.TextOutput;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Positions;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * DeBERTa v3 (He et al. 2023), and v2 (He et al. 2021) without its convolution: BERT's layers, whose scores have products with vectors of distances, which layers project as
 * they project tokens.
 */
public final class DebertaFamily implements TextFamily {
    public static final DebertaFamily DEBERTA = new DebertaFamily();

    private static final String LENGTH = "max_position_embeddings";
    private static final String PREFIX = "deberta.";
    private static final String KINDS = "pos_att_type";
    private static final String FARTHEST = "max_relative_positions";
    private static final String BUCKETS = "position_buckets";
    private static final String PLACES = "position_biased_input";
    private static final String TYPES = "type_vocab_size";
    private static final String NORMED = "norm_rel_ebd";
    private static final String POOLER = "pooler.dense";

    // Far above every published model, far below what a layer has no memory for.
    private static final int MOST_PLACES = 1 << 16;
    private static final int MOST_BUCKETS = 1 << 9;

    /** Where no table of places says how long a text may be, longer ones are cut to so many tokens. */
    private static final int MOST_TOKENS = 8_192;

    /** Without the first there are no vectors of distances; without the second they have projections of their own. */
    private static final List<String> PROJECTED = List.of("relative_attention", "share_att_key");

    /** Of the products of scores with distances, both of which are read. */
    private static final Set<String> BOTH = Set.of("c2p", "p2c");

    /** Of training, and of heads that transformers has no more. */
    private static final Set<String> UNREAD = Set.of(
            "classifiers_size",
            "conv_act",
            "conv_groups",
            "legacy",
            "pooler_dropout",
            "pooler_hidden_size",
            "summary_activation",
            "summary_type",
            "summary_use_proj",
            "tasks");

    private static final EmbeddingForm.Names TABLES = new EmbeddingForm.Names(
            "embeddings.word_embeddings",
            "embeddings.position_embeddings",
            "embeddings.token_type_embeddings",
            "embeddings.LayerNorm");

    private static final LayerNames NAMES = LayerNames.of(
            "attention.self.query_proj",
            "attention.self.key_proj",
            "attention.self.value_proj",
            "attention.output.dense",
            "intermediate.dense",
            "output.dense",
            LayerNames.Norms.of("attention.output.LayerNorm", "output.LayerNorm"));

    private DebertaFamily() {}

    @Override
    public String name() {
        return "deberta";
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of("deberta-v2");
    }

    @Override
    public Set<String> unread() {
        return UNREAD;
    }

    @Override
    public EncoderForm architecture(JsonFile config) {
        EncoderConfig sizes = EncoderConfig.read(config);
        int headSize = sizes.hidden() / sizes.heads();
        config.supports("hidden_act", "gelu");
        config.integer("embedding_size", sizes.hidden(), sizes.hidden(), sizes.hidden());
        config.integer("attention_head_size", headSize, headSize, headSize);
        config.integer("conv_kernel_size", 0, 0, 0);
        var norm = NormForm.layerNorm(EncoderConfig.epsilon(config, 1e-7));
        int places = config.integer(LENGTH, 3, MOST_PLACES);
        Optional<EmbeddingForm.PositionTable> table = Optional.empty();
        if (config.flag(PLACES, true)) {
            table = Optional.of(new EmbeddingForm.PositionTable(config.integer(LENGTH, 3, MOST_TOKENS), 0));
        }
        AttentionForm attention = AttentionForm.plain(sizes.heads(), headSize)
                .with(positions(config, norm, places))
                .scaledBy(1 / Math.sqrt(3 * headSize));
        return new EncoderForm(
                sizes.hidden(),
                new EmbeddingForm(sizes.vocabulary(), table, config.integer(TYPES, 0, 256, 0), 1, Optional.of(norm)),
                Collections.nCopies(
                        sizes.layers(),
                        LayerForm.of(LayerForm.NormPlace.AFTER, norm, attention, MlpForm.gelu(sizes.units()))),
                Optional.empty());
    }

    private static Positions positions(JsonFile config, NormForm norm, int places) {
        for (String flag : PROJECTED) {
            if (!config.flag(flag, false)) {
                throw config.refuse(flag, "true");
            }
        }
        if (!words(config, KINDS).equals(BOTH)) {
            throw config.refuse(KINDS, "\"p2c|c2p\"");
        }
        if (!words(config, NORMED).contains("layer_norm")) {
            throw config.refuse(NORMED, "\"layer_norm\"");
        }
        int said = config.integer(FARTHEST, -1, MOST_PLACES, -1);
        int farthest = said < 1 ? places : said;
        int buckets = config.integer(BUCKETS, 4, Math.min(farthest, MOST_BUCKETS));
        if (buckets % 2 != 0) {
            throw config.refuse(BUCKETS, "an even number");
        }
        return new Positions.Relative(
                "encoder.rel_embeddings", "encoder.LayerNorm", norm, buckets, farthest, Math.min(places, MOST_TOKENS));
    }

    /** A list, or one text with bars between them, in letters of any size. */
    private static Set<String> words(JsonFile config, String field) {
        JsonNode said = config.root().path(field);
        var all = new TreeSet<String>();
        if (said.isArray()) {
            said.forEach(each -> all.add(word(each.asString(""))));
        } else {
            Stream.of(said.asString("").split("\\|")).map(DebertaFamily::word).forEach(all::add);
        }
        return all;
    }

    private static String word(String text) {
        return text.strip().toLowerCase(Locale.ROOT);
    }

    @Override
    public int mostTokens(JsonFile config, TextArchitecture architecture) {
        return EncoderConfig.positionRows(config, 0);
    }

    /** The pooler with GELU, and a linear layer; both stand beside the encoder. */
    @Override
    public HeadForm head(JsonFile config) {
        config.supports("pooler_hidden_act", "gelu");
        return HeadForm.first(POOLER, Activation.GELU, "classifier");
    }

    @Override
    public TextOutput.TokenClasses tokenHead(JsonFile config, List<String> labels) {
        return new TextOutput.TokenClasses(Optional.empty(), "classifier", labels);
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return TensorNames.behind(PREFIX, model, "pooler.", "classifier.");
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        return TextNetwork.of(
                (TextDescription) model,
                (EncoderForm) model.architecture(),
                TABLES,
                "encoder.layer.",
                NAMES,
                null,
                parts);
    }

    @Override
    public Adaptable adaptable(ModelDescription model) {
        return Adaptable.WITHOUT_QUERIES;
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        var positions = (Positions.Relative) form.forms().getFirst().attention().positions();
        ObjectNode config = EncoderConfig.written("deberta-v2", "DebertaV2", model)
                .put(NORMED, "layer_norm")
                .put(KINDS, "p2c|c2p")
                .put(BUCKETS, positions.buckets())
                .put(FARTHEST, positions.farthest())
                .put(PLACES, form.embeddings().positions().isPresent())
                .put(TYPES, form.embeddings().types())
                .put("layer_norm_eps", form.layerNormEpsilon())
                .put("hidden_act", "gelu")
                .put("pooler_hidden_act", "gelu")
                .put("pooler_hidden_size", form.hiddenSize())
                .put("pooler_dropout", 0);
        PROJECTED.forEach(flag -> config.put(flag, true));
        return config.put("pad_token_id", 0);
    }
}
