package io.tokenwise.model.vit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.tokenwise.TestModels;
import io.tokenwise.TestVits;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.TorchVit;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Vision Transformers against the same written on libtorch's operations. */
class VitTest {
    private static final double TOLERANCE = 1e-4;

    /** ViT-B/16. */
    private static final VitArchitecture BASE = new VitArchitecture(768, 12, 12, 3072, 224, 16, 1000, 1e-6);

    @TempDir
    Path temp;

    @ParameterizedTest
    @EnumSource(TestVits.Names.class)
    void smallOneIsLibtorchs(TestVits.Names names) throws IOException {
        assertLibtorchs(TestVits.SMALL, names, 5);
    }

    @Test
    void vitB16IsLibtorchs() throws IOException {
        assertLibtorchs(BASE, TestVits.Names.TORCHVISION, 1);
    }

    private void assertLibtorchs(VitArchitecture sizes, TestVits.Names names, int images) throws IOException {
        Path directory = temp.resolve("vit");
        ImageDescription description = TestVits.describe(sizes);
        List<int[]> pixels = TestVits.images(sizes, images);
        try (Arena arena = Arena.ofConfined()) {
            Map<String, TensorData> weights = TestVits.weights(arena, sizes);
            TestVits.write(directory, description, weights, names);
            float[][] wanted = libtorch(description, weights, pixels);
            try (Backend backend = VectorBackend.open(2);
                    ModelFiles files = Models.open(directory);
                    Encoder encoder = Encoder.load(files, backend);
                    var sessions = new Sessions(encoder, backend, 1, 1)) {
                float[][] logits = sessions.encode(pixels, Budget.FULL, null);
                for (int i = 0; i < images; i++) {
                    for (int c = 0; c < sizes.classes(); c++) {
                        assertThat((double) logits[i][c])
                                .as("image %d, class %d", i, c)
                                .isCloseTo(wanted[i][c], org.assertj.core.api.Assertions.offset(TOLERANCE));
                    }
                }
            }
        }
    }

    private static float[][] libtorch(
            ImageDescription description, Map<String, TensorData> weights, List<int[]> images) {
        var sizes = (VitArchitecture) description.architecture();
        try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
            int area = sizes.imageSize() * sizes.imageSize();
            var values = new float[images.size() * 3 * area];
            for (int i = 0; i < images.size(); i++) {
                for (int channel = 0; channel < 3; channel++) {
                    for (int at = 0; at < area; at++) {
                        int value = images.get(i)[at] >> 8 * (2 - channel) & 0xFF;
                        double mean = description.preparation().means().get(channel);
                        double deviation =
                                description.preparation().deviations().get(channel);
                        values[(i * 3 + channel) * area + at] = (float) ((value / 255.0 - mean) / deviation);
                    }
                }
            }
            NDArray input = manager.create(values, new Shape(images.size(), 3, sizes.imageSize(), sizes.imageSize()));
            float[] logits = new TorchVit(manager, sizes, weights).logits(input).toFloatArray();
            var rows = new float[images.size()][];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = Arrays.copyOfRange(logits, i * sizes.classes(), (i + 1) * sizes.classes());
            }
            return rows;
        }
    }

    @Test
    void anImageGivesTheSameAloneAndInABatch() throws IOException {
        Path directory = TestVits.writeSmall(temp.resolve("vit"));
        try (Backend backend = VectorBackend.open(2);
                ModelFiles files = Models.open(directory);
                Encoder encoder = Encoder.load(files, backend);
                var sessions = new Sessions(encoder, backend, 1024, 1)) {
            List<int[]> images = TestVits.images(TestVits.SMALL, 7);
            TestModels.acmize(encoder, AdaptiveLayers.parse("mlp,qk,vo", 3), images);
            TestModels.randomizeGates(encoder, 0.3);
            float[][] together = sessions.encode(images, Budget.flops(0.5), null);
            for (int i = 0; i < images.size(); i++) {
                float[] alone = sessions.encode(List.of(images.get(i)), Budget.flops(0.5), null)[0];
                assertThat(Arrays.mismatch(alone, together[i]))
                        .as("image %d", i)
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void adaptiveOneIsTheDenseOneAtFullBudgetAndSurvivesTheWay() throws IOException {
        Path directory = TestVits.writeSmall(temp.resolve("vit"));
        List<int[]> images = TestVits.images(TestVits.SMALL, 7);
        try (Backend backend = VectorBackend.open(2);
                ModelFiles files = Models.open(directory);
                Encoder dense = Encoder.load(files, backend);
                Encoder adaptive = Encoder.load(files, backend);
                var denseSessions = new Sessions(dense, backend, 1024, 1);
                var sessions = new Sessions(adaptive, backend, 1024, 1)) {
            TestModels.acmize(adaptive, AdaptiveLayers.parse("mlp,qk,vo", 3), images);
            float[][] wanted = denseSessions.encode(images, Budget.FULL, null);
            float[][] full = sessions.encode(images, Budget.FULL, null);
            float[][] half = sessions.encode(images, Budget.flops(0.5), null);
            for (int i = 0; i < images.size(); i++) {
                assertThat(full[i]).usingComparatorWithPrecision(1e-4f).containsExactly(wanted[i]);
            }
            Path saved = temp.resolve("adaptive");
            adaptive.save(saved, null, ModelWriter.Existing.KEEP);
            try (var tensors = Safetensors.open(saved.resolve("model.safetensors"))) {
                // As Hugging Face's ViTForImageClassification has them.
                assertThat(tensors.shape("vit.embeddings.cls_token")).containsExactly(1, 1, 24);
                assertThat(tensors.shape("vit.embeddings.patch_embeddings.projection.weight"))
                        .containsExactly(24, 3, 4, 4);
                assertThat(tensors.shape("classifier.weight")).containsExactly(5, 24);
            }
            try (ModelFiles savedFiles = Models.open(saved);
                    Encoder read = Encoder.load(savedFiles, backend);
                    var readSessions = new Sessions(read, backend, 1024, 1)) {
                assertThat(savedFiles.image().labels()).isEqualTo(files.image().labels());
                assertThat(savedFiles.image().preparation())
                        .isEqualTo(files.image().preparation());
                float[][] again = readSessions.encode(images, Budget.flops(0.5), null);
                assertThat(Arrays.deepEquals(again, half)).isTrue();
            }
        }
    }

    @Test
    void otherKindOfModelIsNamed() throws IOException {
        Path directory = TestVits.writeSmall(temp.resolve("vit"));
        try (ModelFiles files = Models.open(directory)) {
            assertThatThrownBy(files::tokenizer)
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("is an image classifier; a text encoder is wanted here");
        }
        TestModels.writeSmall(temp.resolve("bert"));
        try (ModelFiles files = Models.open(temp.resolve("bert"))) {
            assertThatThrownBy(files::image)
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("is a text encoder; an image classifier is wanted here");
        }
    }
}
