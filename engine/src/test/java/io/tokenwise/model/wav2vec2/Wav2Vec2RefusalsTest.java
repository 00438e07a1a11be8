package io.tokenwise.model.wav2vec2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.model.DamagedFolder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.Array;
import io.tokenwise.references.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What is no wav2vec 2.0 that can be run is refused, in a line that says which field, tensor or file: configs, weights, recordings, damaged files. */
class Wav2Vec2RefusalsTest {
    @TempDir
    private Path folder;

    /** One frame has 400 samples. */
    @Test
    void aRecordingThatIsTooShortOrTooLongIsRefused() throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(OnSmallWav2Vec2.BASE), folder, "");
        try (ModelFiles files = Models.open(folder)) {
            assertThat(files.speech().tokens(new int[400])).isOne();
            assertThat(files.speech().tokens(new int[80_000])).isEqualTo(249);
            assertThatThrownBy(() -> files.speech().tokens(new int[399]))
                    .hasMessage("a recording of 399 samples; the model takes 400 to 480000 at 16 kHz");
            assertThatThrownBy(() -> files.speech().tokens(new int[480_001])).hasMessageContaining("480001 samples");
        }
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "add_adapter                   | true                | add_adapter is true; supported: false",
                "adapter_attn_dim              | 16                  | adapter_attn_dim is 16; supported: nothing",
                "feat_extract_norm             | \"batch\"           | feat_extract_norm is \"batch\"; supported:"
                        + " group or layer",
                "feat_extract_activation       | \"tanh\"            | feat_extract_activation is \"tanh\"; supported:"
                        + " gelu or",
                "hidden_act                    | \"selu\"            | hidden_act is \"selu\"; supported: gelu or",
                "num_conv_pos_embedding_groups | 5                   | num_conv_pos_embedding_groups is 5; supported:"
                        + " a divisor of hidden_size, 48",
                "num_conv_pos_embeddings       | 0                   | num_conv_pos_embeddings is 0; supported: an"
                        + " integer from 1",
                "conv_stride                   | [5,2]               | conv_dim, conv_kernel and conv_stride are of 7,"
                        + " 7 and 2 convolutions",
                "conv_kernel                   | [10,3,3,3,3,2,0]    | conv_kernel is [10,3,3,3,3,2,0]; supported: an"
                        + " array of 1 to 16 integers from 1 to 1024",
                "conv_stride                   | [999,999,999,2,2,2,2] | make no frame of 480000 samples",
                "conv_dim                      | [4096,4096,4096,4096,4096,4096,4096] | tensor"
                        + " feature_extractor.conv_layers.0.conv.",
                "num_feat_extract_layers       | 6                   | num_feat_extract_layers is 6; supported: an"
                        + " integer from 7 to 7",
                "num_attention_heads           | 5                   | hidden_size 48 is not a multiple of"
                        + " num_attention_heads 5",
                "conv_stride                   | [1,1,1,1,1,1,1]     | make 479981 frames of 480000 samples",
                "hidden_size                   | 1164                | heads of 388 columns: at most 384",
                "vocab_size                    | 96                  | has id 96; the model's head has 96 outputs",
                "num_conv_pos_embeddings       | 15                  | tensor encoder.pos_conv_embed.conv.weight.0 has"
                        + " shape [12, 12, 16]",
            })
    void whatIsNotSupportedIsRefusedByName(String field, String value, String fact) throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(OnSmallWav2Vec2.BASE), folder, "wav2vec2.");
        set(field, value);
        assertRefused(fact);
    }

    /** HuBERT's that were trained with a batch norm in the place of a weight norm. */
    @Test
    void hubertsBatchNormIsRefused() throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(OnSmallWav2Vec2.HUBERT), folder, "hubert.");
        set("conv_pos_batch_norm", "true");
        assertRefused("config.json: conv_pos_batch_norm is true; supported: false");
    }

    /** wav2vec 2.0 has the norm always, whatever its config says, and HuBERT says whether. */
    @Test
    void aNormThatIsNotThereIsNamed() throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(OnSmallWav2Vec2.NORMLESS_HUBERT), folder, "hubert.");
        Models.open(folder).close();
        set("feat_proj_layer_norm", "true");
        assertRefused("has no tensor feature_projection.layer_norm.weight");
    }

    /** Whose attention and positions are others: WavLM's has gated biases by distance, data2vec's several convolutions. */
    @ParameterizedTest
    @ValueSource(strings = {"wavlm", "data2vec-audio"})
    void relativesAreRefusedByName(String type) throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(OnSmallWav2Vec2.LARGE), folder, type + ".");
        set("model_type", '"' + type + '"');
        assertRefused("config.json: model_type is \"" + type + "\"; supported: bert, ");
    }

    private void set(String field, String value) throws IOException {
        Path file = folder.resolve("config.json");
        var mapper = new JsonMapper();
        var config = (ObjectNode) mapper.readTree(file);
        config.set(field, mapper.readTree(value));
        Files.writeString(file, config.toString());
    }

    /** Their product is more than an int holds, and yet a sample is a frame. */
    @Test
    void framesFurtherApartThanTheLongestRecordingAreRefused() throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(OnSmallWav2Vec2.BASE), folder, "wav2vec2.");
        set("conv_kernel", "[1,1,1,1,1,1,1]");
        set("conv_stride", "[1024,1024,1024,1024,1024,1024,1024]");
        assertRefused("conv_stride makes frames more than 480000 samples apart");
    }

    /** Each size is within its bounds, and so are their frames. */
    @Test
    void moreValuesThanMemoryHoldsAreRefused() throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(OnSmallWav2Vec2.BASE), folder, "wav2vec2.");
        set("conv_stride", "[1,5,2,2,2,2,2]");
        set("conv_dim", "[4096,24,24,40,24,24,40]");
        assertRefused("conv_dim, conv_kernel and conv_stride make ");
        assertRefused(" values of 480000 samples, the longest recording; at most 1073741824");
    }

    private void assertRefused(String fact) {
        assertThatThrownBy(() -> Models.open(folder).close())
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(fact)
                .message()
                .hasLineCount(1);
    }

    @Test
    void otherFilesAreRefusedByName() throws IOException {
        RandomModel model = OnSmallWav2Vec2.model(OnSmallWav2Vec2.BASE);
        OnSmallWav2Vec2.write(model, folder, "wav2vec2.");
        Files.writeString(folder.resolve("preprocessor_config.json"), "{\"sampling_rate\": 8000}");
        assertRefused("preprocessor_config.json: sampling_rate is 8000; supported: an integer from 16000 to 16000");
        Files.delete(folder.resolve("preprocessor_config.json"));
        Path newer = folder.resolve("processor_config.json");
        Files.writeString(newer, "{\"feature_extractor\": {\"feature_size\": 2}}");
        assertRefused("processor_config.json: feature_size is 2; supported: an integer from 1 to 1");
        Files.writeString(newer, "{\"feature_extractor\": true}");
        assertRefused("/processor_config.json: feature_extractor is true; supported: an object");
        Files.delete(newer);
        Files.delete(folder.resolve("vocab.json"));
        assertRefused("vocab.json: no such file");

        Map<String, Array> headless = new LinkedHashMap<>(model.weights());
        headless.keySet().removeIf(name -> name.startsWith("lm_head"));
        OnSmallWav2Vec2.write(new RandomModel(model.family(), model.config(), headless), folder, "");
        assertRefused("has no lm_head: a model without CTC gives no text");
        Map<String, Array> lengthless = new LinkedHashMap<>(model.weights());
        lengthless.keySet().removeIf(name -> name.endsWith("weight_g"));
        OnSmallWav2Vec2.write(new RandomModel(model.family(), model.config(), lengthless), folder, "");
        assertRefused("has no tensor encoder.pos_conv_embed.conv.weight_g, but");

        // As what was trained without letters has it.
        var config = new LinkedHashMap<>(model.config());
        config.put("architectures", List.of("Wav2Vec2ForPreTraining"));
        OnSmallWav2Vec2.write(new RandomModel(model.family(), config, headless), folder, "");
        Files.delete(folder.resolve("vocab.json"));
        assertRefused(folder + ": has no lm_head: a model without CTC gives no text");
    }

    @ParameterizedTest
    @MethodSource("io.tokenwise.model.wav2vec2.Wav2Vec2FamilyTest#layouts")
    void damagedFilesAreRefusedOrOpened(Map<String, Object> layout) throws IOException {
        OnSmallWav2Vec2.write(OnSmallWav2Vec2.model(layout), folder, "wav2vec2.");
        List<String> files = List.of("config.json", "model.safetensors", "vocab.json", "preprocessor_config.json");
        try (Backend backend = Backends.open(BackendChoice.FLOAT32, 2)) {
            DamagedFolder.assertOpenedOrRefused(folder, files, backend);
        }
    }
}
