package io.tokenwise.model.vit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestVits;
import io.tokenwise.api.BadFileException;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What others write into a Vision Transformer's JSON files; the model reads images of 12 x 12 pixels. */
class ImageConfigTest {
    @TempDir
    Path temp;

    private Path directory;

    @BeforeEach
    void write() throws IOException {
        directory = TestVits.writeSmall(temp.resolve("vit"));
    }

    private ImagePreparation preparation(String json) throws IOException {
        Files.writeString(directory.resolve("preprocessor_config.json"), json.replace('\'', '"'));
        try (ModelFiles files = Models.open(directory)) {
            return files.image().preparation();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // As google/vit-base-patch16-224 has it, today's and the older form.
                "{'size': {'height': 12, 'width': 12}, 'resample': 2} | 12 | true | false",
                "{'size': 12, 'do_resize': true, 'do_normalize': true} | 12 | true | false",
                // DeiT's: stretched, then cut.
                "{'size': {'height': 16, 'width': 16}, 'crop_size': {'height': 12, 'width': 12}, 'do_center_crop': true, 'resample': 3} | 16 | true | true",
                // torchvision's.
                "{'size': {'shortest_edge': 16}, 'crop_size': 12, 'do_center_crop': true, 'rescale_factor': 0.00392156862745098} | 16 | false | false",
                "{} | 12 | true | false",
            })
    void theUsualFormsAreRead(String json, int resizedTo, boolean stretched, boolean bicubic) throws IOException {
        ImagePreparation preparation = preparation(json);
        assertThat(preparation.resizedTo()).isEqualTo(resizedTo);
        assertThat(preparation.stretched()).isEqualTo(stretched);
        assertThat(preparation.bicubic()).isEqualTo(bicubic);
        assertThat(preparation.means()).containsExactly(0.5, 0.5, 0.5);
    }

    /** Of a torchvision model that was written by us. */
    @Test
    void howTheMiddleIsRoundedIsReadAndWritten() throws IOException {
        String json = "{'size': {'shortest_edge': 16}, 'crop_size': 12, 'do_center_crop': true";
        assertThat(preparation(json + "}").cutHalfEven()).isFalse();
        assertThat(preparation(json + ", 'center_crop_rounding': 'half_even'}").cutHalfEven())
                .isTrue();
        try (ModelFiles files = Models.open(directory)) {
            String written = new String(
                    ImageConfig.beside(files.image()).get("preprocessor_config.json"), StandardCharsets.UTF_8);
            assertThat(preparation(written)).isEqualTo(files.image().preparation());
        }
    }

    @Test
    void coloursThatAreNotNormalizedAreFromZeroToOne() throws IOException {
        ImagePreparation preparation = preparation("{'do_normalize': false, 'image_mean': [9, 9, 9]}");
        assertThat(preparation.means()).containsExactly(0.0, 0.0, 0.0);
        assertThat(preparation.deviations()).containsExactly(1.0, 1.0, 1.0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'size': 10} | makes images of 10 pixels, the model reads 12",
                "{'size': 16, 'crop_size': 14, 'do_center_crop': true} | makes images of 14 pixels, the model reads 12",
                "{'size': {'height': 12, 'width': 16}} | size is",
                "{'do_resize': false} | do_resize is false; supported: true",
                "{'do_rescale': false} | do_rescale is false; supported: true",
                "{'rescale_factor': 1} | rescale_factor is 1; supported: 1 / 255, or none",
                "{'resample': 0} | resample is 0",
                "{'image_mean': [0.5, 0.5]} | image_mean is [0.5,0.5]; supported: three numbers",
                "{'center_crop_rounding': 'up'} | center_crop_rounding is \"up\"; supported: half_even",
                "{'image_std': [0, 0, 0]} | image_std is [0,0,0]; supported: three numbers",
                "{'size': 99999999999} | size is 99999999999; supported: 1 to 4096 pixels",
            })
    void whatWeDoNotDoIsRefused(String json, String message) {
        assertThatThrownBy(() -> preparation(json))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("preprocessor_config.json: " + message)
                .message()
                .hasLineCount(1);
    }

    @Test
    void whatIsLeftOutIsAsInTheModelsOfWhoeverNamedTheTensors() throws IOException {
        Files.delete(directory.resolve("preprocessor_config.json"));
        config("\"layer_norm_eps\" : 1.0E-6,", "");
        try (ModelFiles files = Models.open(directory)) {
            assertThat(files.image().preparation()).isEqualTo(ImagePreparation.stretched(12));
            assertThat(files.image().architecture().layerNormEpsilon()).isEqualTo(1e-12);
        }
        rename(TestVits.SMALL);
        try (ModelFiles files = Models.open(directory)) {
            assertThat(files.image().preparation())
                    .isEqualTo(new ImagePreparation(
                            13, false, false, true, List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225)));
            assertThat(files.image().architecture()).isEqualTo(TestVits.SMALL);
        }
    }

    /** Overwrites the weights by others, with torchvision's names. */
    private void rename(VitArchitecture sizes) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            TestVits.writeTorchvision(directory, TestVits.weights(arena, sizes));
        }
    }

    private void onlyWeights(VitArchitecture sizes) throws IOException {
        for (String file : List.of("config.json", "preprocessor_config.json")) {
            Files.deleteIfExists(directory.resolve(file));
        }
        rename(sizes);
    }

    @Test
    void torchvisionsWeightsAreEnough() throws IOException {
        // As ViT-B/16 and ViT-H/14, but for layers, hidden units and classes; torchvision wants 256 and 224 pixels, and
        // 518.
        var base = new VitArchitecture(768, 2, 12, 8, 224, 16, 3, 1e-6);
        onlyWeights(base);
        try (ModelFiles files = Models.open(directory)) {
            assertThat(files.image().architecture()).isEqualTo(base);
            assertThat(files.image().labels()).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
            assertThat(files.image().preparation())
                    .isEqualTo(new ImagePreparation(
                            256, false, false, true, List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225)));
        }
        var huge = new VitArchitecture(1280, 1, 16, 8, 518, 14, 3, 1e-6);
        onlyWeights(huge);
        try (ModelFiles files = Models.open(directory)) {
            assertThat(files.image().architecture()).isEqualTo(huge);
            assertThat(files.image().preparation().resizedTo()).isEqualTo(518);
        }
    }

    @Test
    void sizesThatWeightsDoNotTellAreAskedFor() throws IOException {
        onlyWeights(TestVits.SMALL);
        refusedWeights("has a hidden size of 24, of which the number of heads is not known");
        onlyWeights(new VitArchitecture(768, 1, 12, 8, 32, 16, 1, 1e-6));
        refusedWeights(
                "tensor heads.head.weight has shape [1, 768]; it must have 2 dimensions, number 1 from 2 to 65536");
        TestVits.writeSmall(directory.resolveSibling("other"));
        Files.delete(directory.resolveSibling("other").resolve("config.json"));
        assertThatThrownBy(() -> Models.open(directory.resolveSibling("other")))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("config.json: no such file");
    }

    private void refusedWeights(String fact) {
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(directory.resolve("model.safetensors") + ": " + fact)
                .message()
                .hasLineCount(1);
    }

    private void config(String part, String other) throws IOException {
        Path file = directory.resolve("config.json");
        String json = Files.readString(file);
        assertThat(json).contains(part);
        Files.writeString(file, json.replace(part, other));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"hidden_size\" : 24 | \"hidden_size\" : 25 | hidden size 25 is not a multiple of 3 heads",
                "\"hidden_size\" : 24 | \"hidden_size\" : 1155 | columns of a head is 385, must be 1 to 384",
                "\"hidden_size\" : 24 | \"hidden_size\" : 2000000000 | hidden size is 2000000000, must be 1 to 65536",
                "\"image_size\" : 12 | \"image_size\" : 2000000000 | image size is 2000000000, must be 1 to 4096",
                "\"patch_size\" : 4 | \"patch_size\" : 5 | patches of 5 pixels must cover images of 12",
                "\"num_hidden_layers\" : 2 | \"num_hidden_layers\" : 0 | num_hidden_layers is 0",
                "\"num_channels\" : 3 | \"num_channels\" : 1 | num_channels is 1",
                "\"qkv_bias\" : true | \"qkv_bias\" : false | qkv_bias is false",
                "\"hidden_act\" : \"gelu\" | \"hidden_act\" : \"relu\" | hidden_act is \"relu\"; supported: gelu",
                "\"qkv_bias\" : true | \"problem_type\" : \"regression\" | problem_type is \"regression\"; supported: single_label_classification or",
                "\"3\" : \"class 3\" | \"7\" : \"class 3\" | id2label has no name for class 3 of 5",
                "\"model_type\" : \"vit\" | \"model_type\" : \"swin\" | model_type is \"swin\"; supported: bert",
            })
    void sizesThatCannotBeAreRefused(String part, String other, String message) throws IOException {
        config(part, other);
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("config.json: " + message)
                .message()
                .hasLineCount(1);
    }

    /** transformers writes neither names nor their number of two classes without names. */
    @Test
    void classesThatNobodyNamesAreTwo() throws IOException {
        directory = temp.resolve("two");
        try (Arena arena = Arena.ofConfined()) {
            var two = new VitArchitecture(24, 2, 3, 48, 12, 4, 2, 1e-6);
            TestVits.write(
                    directory, TestVits.describe(two), TestVits.weights(arena, two), TestVits.Names.HUGGING_FACE);
        }
        config("\"id2label\"", "\"unread\"");
        try (ModelFiles files = Models.open(directory)) {
            assertThat(files.image().labels()).containsExactly("LABEL_0", "LABEL_1");
        }
    }

    @Test
    void labelsThatOccurTwiceAreToldApart() throws IOException {
        config("\"3\" : \"class 3\"", "\"3\" : \"class 1\"");
        try (ModelFiles files = Models.open(directory)) {
            assertThat(files.image().labels())
                    .isEqualTo(List.of("class 0", "class 1", "class 2", "class 1 (3)", "class 4"));
        }
    }

    @Test
    void thatSeveralClassesMayBeRightIsReadAndWritten() throws IOException {
        try (ModelFiles files = Models.open(directory)) {
            assertThat(files.image().several()).isFalse();
            assertThat(ImageConfig.config(files.image()).has("problem_type")).isFalse();
        }
        config("\"qkv_bias\" : true", "\"problem_type\" : \"multi_label_classification\"");
        try (ModelFiles files = Models.open(directory)) {
            assertThat(files.image().withAcm(Optional.empty()).several()).isTrue();
            assertThat(ImageConfig.config(files.image()).path("problem_type").asString(""))
                    .isEqualTo("multi_label_classification");
        }
    }

    @Test
    void namesOfTooManyClassesAreRefused() throws IOException {
        String many = IntStream.range(0, 100_000)
                .mapToObj(i -> "\"" + i + "\" : \"same\"")
                .collect(Collectors.joining(", ", "\"id2label\" : {", "}, \"x\" : {"));
        config("\"id2label\" : {", many);
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("config.json: id2label names 100000 classes; at most 65536 are read");
    }

    @Test
    void namesThatSteerATerminalAreRefused() throws IOException {
        config("\"3\" : \"class 3\"", "\"3\" : \"\\u001b[31m\"");
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("config.json: id2label has control characters in the name of class 3");
    }
}
