package io.tokenwise.model.wav2vec2;

import io.tokenwise.api.BadFileException;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.SpeechSegments;
import io.tokenwise.io.JsonFile;
import io.tokenwise.model.EncoderConfig;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.SoundForm;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.tokenizer.CtcVocabulary;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads and writes what describes a wav2vec 2.0: config.json, preprocessor_config.json (or what transformers 5 writes in its place) and its vocabulary. By huggingface/transformers
 * src/transformers/models/wav2vec2/configuration_wav2vec2.py at 0148b0a10af72885fcdd9ab92aa1c02c50ffff42 and feature_extraction_wav2vec2.py at
 * 3c354ea20e347edb9413ada30911e9fdc242719d.
 */
final class Wav2Vec2Config {
    private static final String PREPROCESSOR = "preprocessor_config.json";

    /** Where transformers 5 has the same, as a part. */
    private static final String PROCESSOR = "processor_config.json";

    private static final String EXTRACTOR = "feature_extractor";

    /** Of HuBERT alone (configuration_hubert.py). */
    private static final String FRAME_NORM = "feat_proj_layer_norm";

    /** What is said of folders of models that were trained without letters. */
    static final String NO_HEAD = "has no lm_head: a model without CTC gives no text";

    // Far above every published model, far below what overflows an int or exhausts memory by a typing error.
    private static final int MOST_CONVOLUTIONS = 16;
    private static final int MOST_CHANNELS = 1 << 12;
    private static final int MOST_WIDTH = 1 << 10;

    /** Of the longest recording: published models make 1,499 of it. */
    private static final int MOST_FRAMES = 1 << 13;

    /** What the convolutions make of it, 4 GiB: those of published models make a tenth. */
    private static final long MOST_VALUES = 1L << 30;

    private static final int MOST_SAMPLES = Math.toIntExact(SpeechSegments.LONGEST.toSeconds() * Sound.SPEECH_HZ);

    private Wav2Vec2Config() {}

    static SpeechDescription read(Wav2Vec2Family family, ModelFolder folder, JsonFile config) throws IOException {
        EncoderConfig.areFalse(config, "add_adapter", "conv_pos_batch_norm", "is_encoder_decoder");
        if (config.has("adapter_attn_dim")) {
            throw config.refuse("adapter_attn_dim", "nothing: adapters for single languages are not read");
        }
        config.supports("feat_extract_norm", "group", "layer");
        EncoderConfig sizes = EncoderConfig.read(config);
        List<Integer> channels = integers(config, "conv_dim", MOST_CHANNELS);
        SoundForm sound = sound(config, channels.size());
        var architecture = new Wav2Vec2Architecture(
                sizes.hidden(),
                sizes.layers(),
                sizes.heads(),
                sizes.units(),
                EncoderConfig.epsilon(config, 1e-5),
                channels,
                config.flag("conv_bias", false),
                config.root().path("feat_extract_norm").asString("group").equals("layer"),
                EncoderConfig.activation(config, "feat_extract_activation", "gelu"),
                family == Wav2Vec2Family.WAV2VEC2 || config.flag(FRAME_NORM, true),
                EncoderConfig.activation(config, "hidden_act", "gelu"),
                config.flag("do_stable_layer_norm", false),
                config.integer("num_conv_pos_embeddings", 1, MOST_WIDTH, 128),
                groups(config, sizes.hidden()),
                sizes.vocabulary(),
                levelled(folder));
        checkKernels(config, architecture, sound);
        checkFrames(config, architecture, sound);
        return new SpeechDescription(
                folder.name(),
                family,
                architecture,
                sound,
                vocabulary(folder, config, sizes.vocabulary()),
                config.has("acm") ? Optional.of(config.root().get("acm")) : Optional.empty());
    }

    private static List<Integer> integers(JsonFile config, String field, int most) {
        JsonNode array = config.root().path(field);
        boolean good = array.isArray()
                && array.size() >= 1
                && array.size() <= MOST_CONVOLUTIONS
                && array.values().stream()
                        .allMatch(each -> each.isIntegralNumber()
                                && each.canConvertToInt()
                                && each.intValue() >= 1
                                && each.intValue() <= most);
        if (!good) {
            throw config.refuse(field, "an array of 1 to " + MOST_CONVOLUTIONS + " integers from 1 to " + most);
        }
        return array.values().stream().map(JsonNode::intValue).toList();
    }

    private static SoundForm sound(JsonFile config, int convolutions) {
        List<Integer> widths = integers(config, "conv_kernel", MOST_WIDTH);
        List<Integer> steps = integers(config, "conv_stride", MOST_WIDTH);
        if (widths.size() != convolutions || steps.size() != convolutions) {
            throw new BadFileException(
                    config.file(),
                    "conv_dim, conv_kernel and conv_stride are of " + convolutions + ", " + widths.size() + " and "
                            + steps.size() + " convolutions; they must be of as many");
        }
        config.integer("num_feat_extract_layers", convolutions, convolutions, convolutions);
        var convolution = new ArrayList<SoundForm.Step>();
        long samples = 1;
        long step = 1;
        for (int i = convolutions - 1; i >= 0; i--) {
            convolution.addFirst(new SoundForm.Step(widths.get(i), steps.get(i)));
            samples = Math.min(MOST_SAMPLES + 1, (samples - 1) * steps.get(i) + widths.get(i));
            step = Math.min(MOST_SAMPLES + 1, step * steps.get(i));
        }
        if (samples > MOST_SAMPLES) {
            throw new BadFileException(
                    config.file(),
                    "conv_kernel and conv_stride make no frame of " + MOST_SAMPLES + " samples, the longest recording");
        }
        if (step > MOST_SAMPLES) {
            throw new BadFileException(
                    config.file(),
                    "conv_stride makes frames more than " + MOST_SAMPLES
                            + " samples apart; they must be nearer, the longest recording has as many");
        }
        return new SoundForm(convolution, MOST_SAMPLES);
    }

    private static int groups(JsonFile config, int hidden) {
        int groups = config.integer("num_conv_pos_embedding_groups", 1, hidden, 16);
        if (hidden % groups != 0) {
            throw config.refuse("num_conv_pos_embedding_groups", "a divisor of hidden_size, " + hidden);
        }
        return groups;
    }

    /** Kernels that no int counts. */
    private static void checkKernels(JsonFile config, Wav2Vec2Architecture sizes, SoundForm sound) {
        int inputs = 1;
        for (int i = 0; i < sizes.channels().size(); i++) {
            checkKernel(
                    config,
                    sound.convolutions().get(i).width(),
                    inputs,
                    sizes.channels().get(i));
            inputs = sizes.channels().get(i);
        }
        checkKernel(config, sizes.placeWidth(), sizes.hiddenSize() / sizes.placeGroups(), sizes.hiddenSize());
    }

    private static void checkKernel(JsonFile config, long width, long inputs, long outputs) {
        if (width * inputs * outputs > Integer.MAX_VALUE) {
            throw new BadFileException(
                    config.file(),
                    "a convolution of " + width + " rows of " + inputs + " columns to " + outputs + " has more than "
                            + Integer.MAX_VALUE + " values; it must have fewer");
        }
    }

    /** Rows that no memory holds, though every single size is within its bounds. */
    private static void checkFrames(JsonFile config, Wav2Vec2Architecture sizes, SoundForm sound) {
        int frames = sound.mostFrames();
        if (frames > MOST_FRAMES) {
            throw new BadFileException(
                    config.file(),
                    "conv_kernel and conv_stride make " + frames + " frames of " + MOST_SAMPLES
                            + " samples, the longest recording; at most " + MOST_FRAMES);
        }
        long values = 0;
        for (int i = 0; i < sizes.channels().size(); i++) {
            values += (long) sound.rows(MOST_SAMPLES, i + 1) * sizes.channels().get(i);
        }
        if (values > MOST_VALUES) {
            throw new BadFileException(
                    config.file(),
                    "conv_dim, conv_kernel and conv_stride make " + values + " values of " + MOST_SAMPLES
                            + " samples, the longest recording; at most " + MOST_VALUES);
        }
    }

    /** Whether recordings are levelled; they are if no file says. */
    private static boolean levelled(ModelFolder folder) throws IOException {
        Optional<JsonFile> found = preprocessor(folder);
        if (found.isEmpty()) {
            return true;
        }
        JsonFile preprocessor = found.get();
        preprocessor.integer("sampling_rate", Sound.SPEECH_HZ, Sound.SPEECH_HZ, Sound.SPEECH_HZ);
        preprocessor.integer("feature_size", 1, 1, 1);
        return preprocessor.flag("do_normalize", true);
    }

    /** Of both places transformers takes the newer. */
    private static Optional<JsonFile> preprocessor(ModelFolder folder) throws IOException {
        if (folder.has(PROCESSOR)) {
            JsonFile processor = folder.read(PROCESSOR);
            if (processor.has(EXTRACTOR)) {
                JsonNode part = processor.root().get(EXTRACTOR);
                if (!part.isObject()) {
                    throw processor.refuse(EXTRACTOR, "an object, as " + PREPROCESSOR + " holds one");
                }
                return Optional.of(new JsonFile(processor.file(), part));
            }
        }
        return folder.has(PREPROCESSOR) ? Optional.of(folder.read(PREPROCESSOR)) : Optional.empty();
    }

    private static CtcVocabulary vocabulary(ModelFolder folder, JsonFile config, int size) throws IOException {
        boolean ctc = config.root().path("architectures").values().stream()
                .map(name -> name.asString(""))
                .allMatch(name -> name.endsWith("ForCTC"));
        if (!folder.has(CtcVocabulary.FILE) && !ctc) {
            throw new BadFileException(folder.name(), NO_HEAD);
        }
        var files = new LinkedHashMap<String, byte[]>();
        for (String name : CtcVocabulary.FILES) {
            if (folder.has(name)) {
                files.put(name, folder.json(name));
            }
        }
        return CtcVocabulary.parse(folder::file, files, size);
    }

    /** What is written for a model, by the path in its folder. */
    static Map<String, byte[]> beside(SpeechDescription description) {
        var files = new LinkedHashMap<>(description.vocabulary().files());
        ObjectNode preprocessor = JsonNodeFactory.instance.objectNode();
        preprocessor
                .put("feature_extractor_type", "Wav2Vec2FeatureExtractor")
                .put("feature_size", 1)
                .put("sampling_rate", Sound.SPEECH_HZ)
                .put("padding_value", 0.0)
                .put("padding_side", "right")
                .put("do_normalize", architecture(description).levelled())
                .put("return_attention_mask", architecture(description).normOfAll());
        files.put(PREPROCESSOR, JsonFile.format(preprocessor));
        return files;
    }

    /** @param transformersClass such as {@code Wav2Vec2ForCTC} */
    static ObjectNode config(SpeechDescription description, String transformersClass) {
        Wav2Vec2Architecture sizes = architecture(description);
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.putArray("architectures").add(transformersClass);
        config.put("model_type", description.family().name())
                .put("hidden_size", sizes.hiddenSize())
                .put("num_hidden_layers", sizes.layers())
                .put("num_attention_heads", sizes.heads())
                .put("intermediate_size", sizes.intermediateSize())
                .put("hidden_act", EncoderConfig.name(sizes.activation()))
                .put("layer_norm_eps", sizes.layerNormEpsilon())
                .put("feat_extract_norm", sizes.normOfAll() ? "layer" : "group")
                .put("feat_extract_activation", EncoderConfig.name(sizes.soundActivation()))
                .put("conv_bias", sizes.convolutionBias())
                .put("do_stable_layer_norm", sizes.normsBefore())
                .put("num_conv_pos_embeddings", sizes.placeWidth())
                .put("num_conv_pos_embedding_groups", sizes.placeGroups())
                .put("num_feat_extract_layers", sizes.channels().size())
                .put("add_adapter", false)
                .put("vocab_size", sizes.vocabularySize())
                .put("pad_token_id", ((CtcVocabulary) description.vocabulary()).blank());
        if (description.family() == Wav2Vec2Family.HUBERT) {
            config.put(FRAME_NORM, sizes.frameNorm());
        }
        sizes.channels().forEach(config.putArray("conv_dim")::add);
        ArrayNode widths = config.putArray("conv_kernel");
        ArrayNode steps = config.putArray("conv_stride");
        description.sound().convolutions().forEach(step -> {
            widths.add(step.width());
            steps.add(step.step());
        });
        return config;
    }

    static Wav2Vec2Architecture architecture(SpeechDescription description) {
        return (Wav2Vec2Architecture) description.architecture();
    }
}
