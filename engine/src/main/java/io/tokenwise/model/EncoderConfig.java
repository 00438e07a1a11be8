package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.kernels.Activation;
import io.tokenwise.nn.Positions;
import java.util.Collections;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The sizes that config.json of every text encoder has, under names of its own.
 *
 * @param hidden width of a token's vector
 * @param heads of attention; divides hidden, unless config.json says how wide a head is
 * @param units hidden ones of an MLP
 */
public record EncoderConfig(int hidden, int layers, int heads, int units, int vocabulary) {
    /** What newer files call layers that see all tokens. */
    public static final String GLOBAL = "full_attention";

    /** And those that see a window. */
    public static final String LOCAL = "sliding_attention";

    /** Of decoders: whether tokens see none after them. */
    public static final String CAUSAL = "is_causal";

    private static final String SLIDING = "use_sliding_window";
    private static final String SCALING = "rope_scaling";
    private static final String ROTARY = "rope_parameters";

    /** Longer texts are cut to so many tokens where positions are rotary: the angles of Gemma's 131,072 would take half a GiB. */
    private static final int MOST_ROTARY = 8_192;

    // Far above every published model, far below what overflows an int or exhausts memory by a typing error.
    private static final int MOST_WIDTH = 1 << 16;
    private static final int MOST_LAYERS = 1 << 10;
    private static final int MOST_ROWS = 1 << 24;

    /**
     * Under the names that most have.
     *
     * @throws BadFileException if a size is absent or none, or it is a decoder's config
     */
    public static EncoderConfig read(JsonFile config) {
        return read(config, "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size");
    }

    /** The same under other names. */
    public static EncoderConfig read(
            JsonFile config, String hiddenName, String layersName, String headsName, String unitsName) {
        return read(config, hiddenName, layersName, headsName, unitsName, "head_dim");
    }

    /** The same under other names, and that of a head's size. */
    public static EncoderConfig read(
            JsonFile config,
            String hiddenName,
            String layersName,
            String headsName,
            String unitsName,
            String headSizeName) {
        if (config.flag("is_decoder", false) || config.flag("add_cross_attention", false)) {
            throw new BadFileException(
                    config.file(), "is_decoder or add_cross_attention is true; supported: an encoder");
        }
        int hidden = config.integer(hiddenName, 1, MOST_WIDTH);
        int heads = config.integer(headsName, 1, hidden);
        // Where a head's size is said all heads together may be of another width.
        if (hidden % heads != 0 && !config.has(headSizeName)) {
            throw new BadFileException(
                    config.file(), hiddenName + " " + hidden + " is not a multiple of " + headsName + " " + heads);
        }
        return new EncoderConfig(
                hidden,
                config.integer(layersName, 1, MOST_LAYERS),
                heads,
                config.integer(unitsName, 1, MOST_WIDTH),
                config.integer("vocab_size", 1, MOST_ROWS));
    }

    /**
     * Rows of the table of positions.
     *
     * @param first row of a text's first token
     */
    public static int positionRows(JsonFile config, int first) {
        // Fewer tokens than three are not even the marks and a word.
        return config.integer("max_position_embeddings", first + 3, MOST_ROWS);
    }

    /** Tokens of the longest text of a model with rotary positions. */
    public static int rotaryTokens(JsonFile config) {
        return Math.min(MOST_ROTARY, positionRows(config, 0));
    }

    /**
     * The size of a head whose columns are all turned in pairs.
     *
     * @throws BadFileException if it is odd
     */
    public int rotaryHeadSize(JsonFile config) {
        if (hidden / heads % 2 != 0) {
            throw new BadFileException(
                    config.file(),
                    heads + " heads of " + hidden + " columns have " + hidden / heads
                            + " each; rotary positions need an even number");
        }
        return hidden / heads;
    }

    /**
     * How many heads keys and values have; as many as queries if config.json does not say.
     *
     * @throws BadFileException if they do not divide those
     */
    public int keyHeads(JsonFile config) {
        int keyHeads = config.integer("num_key_value_heads", 1, heads, heads);
        if (heads % keyHeads != 0) {
            throw config.refuse("num_key_value_heads", "a divisor of num_attention_heads, " + heads);
        }
        return keyHeads;
    }

    /**
     * Rotary positions whose base config.json says, and whose angles it may make smaller by a factor. Of layers of several kinds older files scale those that see all tokens.
     *
     * @param kind of the layers, where newer files have positions of several; or null
     * @param older field of files of before
     * @param absent the base if there is none
     * @param most positions that inputs may have
     * @throws BadFileException if positions are scaled in another way
     */
    public static Positions rotary(JsonFile config, int headSize, String kind, String older, double absent, int most) {
        if (!config.has(ROTARY)) {
            double base = config.has(older) ? config.number(older, 1, 1e12) : absent;
            double factor = LOCAL.equals(kind)
                    ? 1
                    : factor(config, SCALING, config.root().path(SCALING));
            return scaled(headSize, base, factor, most);
        }
        if (config.has(SCALING)) {
            throw config.refuse(SCALING, "nothing beside " + ROTARY);
        }
        var all = new JsonFile(config.file(), config.root().get(ROTARY));
        JsonFile own = kind != null && all.has(kind)
                ? new JsonFile(config.file(), all.root().get(kind))
                : all;
        double base = own.has("rope_theta") ? own.number("rope_theta", 1, 1e12) : absent;
        return scaled(headSize, base, factor(config, ROTARY, own.root()), most);
    }

    private static double factor(JsonFile config, String field, JsonNode scaling) {
        String type = scaling.path("rope_type").asString(scaling.path("type").asString("default"));
        return switch (type) {
            case "default" -> 1;
            case "linear" -> new JsonFile(config.file(), scaling).number("factor", 1, 1e6);
            default -> throw config.refuse(field, "nothing, or rope_type linear with a factor");
        };
    }

    private static Positions scaled(int headSize, double base, double factor, int most) {
        List<Double> factors = factor == 1 ? List.of() : Collections.nCopies(headSize / 2, 1 / factor);
        return new Positions.Rotary(headSize, base, true, factors, most);
    }

    /** Writes what {@link #rotary} reads of a factor. */
    public static void writeScaling(Positions positions, ObjectNode config) {
        List<Double> factors = ((Positions.Rotary) positions).frequencyFactors();
        if (!factors.isEmpty()) {
            config.putObject(SCALING).put("rope_type", "linear").put("factor", 1 / factors.getFirst());
        }
    }

    /**
     * Whether a layer sees all tokens. Newer files say each layer's kind, older ones how many layers apart such are.
     *
     * @param older field of files of before
     * @param last whether of so many layers it is the last; else the first
     * @throws BadFileException if a layer is of another kind
     */
    public static boolean isGlobal(JsonFile config, int layer, String older, int absent, boolean last) {
        if (!config.has("layer_types")) {
            return (last ? layer + 1 : layer) % config.integer(older, 1, 1 << 10, absent) == 0;
        }
        String type = config.root().get("layer_types").path(layer).asString("");
        if (!type.equals(GLOBAL) && !type.equals(LOCAL)) {
            throw config.refuse("layer_types", GLOBAL + " or " + LOCAL + " for each layer");
        }
        return type.equals(GLOBAL);
    }

    /**
     * Refuses layers that see a window, of families that have such.
     *
     * @throws BadFileException if there is one
     */
    public void areGlobal(JsonFile config) {
        areFalse(config, SLIDING);
        for (int i = 0; i < layers; i++) {
            if (!isGlobal(config, i, "", 1, false)) {
                throw config.refuse("layer_types", GLOBAL + " for each layer");
            }
        }
    }

    /**
     * Refuses what a family may have and we do not.
     *
     * @throws BadFileException if one of the flags is true
     */
    public static void areFalse(JsonFile config, String... flags) {
        for (String flag : flags) {
            if (config.flag(flag, false)) {
                throw config.refuse(flag, "false");
            }
        }
    }

    /**
     * Columns of a head, where config.json says it.
     *
     * @throws BadFileException if it is odd: rotary positions turn pairs
     */
    public static int evenHeadSize(JsonFile config, int absent) {
        int size = config.integer("head_dim", 2, 1 << 10, absent);
        if (size % 2 != 0) {
            throw config.refuse("head_dim", "an even number, since rotary positions turn pairs of columns");
        }
        return size;
    }

    /** An activation by the name that transformers has for it. */
    public static Activation activation(JsonFile config, String field, String absent) {
        config.supports(field, "gelu", "gelu_pytorch_tanh", "gelu_new", "silu", "swish", "relu");
        return switch (config.root().path(field).asString(absent)) {
            case "gelu" -> Activation.GELU;
            case "silu", "swish" -> Activation.SILU;
            case "relu" -> Activation.RELU;
            default -> Activation.GELU_TANH;
        };
    }

    /** What transformers calls it. */
    public static String name(Activation activation) {
        return switch (activation) {
            case GELU -> "gelu";
            case GELU_TANH -> "gelu_pytorch_tanh";
            case SILU -> "silu";
            case RELU -> "relu";
            case TANH -> "tanh";
        };
    }

    /** What is added to the variance in every norm. */
    public static double epsilon(JsonFile config, double absent) {
        return epsilon(config, "layer_norm_eps", absent);
    }

    /** The same under another name. */
    public static double epsilon(JsonFile config, String name, double absent) {
        return config.has(name) ? config.number(name, 1e-20, 1) : absent;
    }

    /**
     * A config.json with the sizes that {@link #read(JsonFile)} reads, and the longest text.
     *
     * @param type what {@code model_type} is
     * @param transformers what classes in transformers begin with
     */
    public static ObjectNode written(String type, String transformers, ModelDescription model) {
        var form = (EncoderForm) model.architecture();
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        ClassesConfig.write(((TextDescription) model).output(), transformers, config);
        return config.put("model_type", type)
                .put("hidden_size", form.hiddenSize())
                .put("num_hidden_layers", form.layers())
                .put("num_attention_heads", form.heads())
                .put("intermediate_size", form.intermediateSize())
                .put("vocab_size", form.vocabularySize())
                .put("max_position_embeddings", form.maxPositions());
    }

    /** The same with what else Llama's relatives say of all layers. */
    public static ObjectNode writtenLlama(String type, String transformers, ModelDescription model) {
        LayerForm layer = ((EncoderForm) model.architecture()).forms().getFirst();
        return written(type, transformers, model)
                .put("num_key_value_heads", layer.attention().keyHeads())
                .put("head_dim", layer.attention().headSize())
                .put("rms_norm_eps", layer.mlpNorm().epsilon())
                .put("attention_bias", layer.attention().inputBias());
    }

    /** The same with what else Qwen's say, whose tokens may see those after them. */
    public static ObjectNode writtenQwen(String type, String transformers, ModelDescription model) {
        LayerForm layer = ((EncoderForm) model.architecture()).forms().getFirst();
        var rotary = (Positions.Rotary) layer.attention().positions();
        ObjectNode config = writtenLlama(type, transformers, model);
        HeadForm.writePadding(model, config);
        writeScaling(rotary, config);
        return config.put(CAUSAL, layer.attention().after() == 0)
                .put("rope_theta", rotary.base())
                .put("hidden_act", name(layer.mlp().activation()))
                .put(SLIDING, false);
    }
}
