package io.tokenwise.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.NewEncoder;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.model.vit.VitFamily;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Images of which only some patches go through the layers, on a Vision Transformer of random weights: 8 x 8 pixels, 4 patches. */
class PatchDroppingTest {
    private static final VitArchitecture SIZES = new VitArchitecture(16, 2, 2, 32, 8, 4, 3, 1e-6);

    private final SplittableRandom random = new SplittableRandom(1);
    private final List<int[]> images =
            IntStream.range(0, 20).mapToObj(_ -> image()).toList();
    private Backend backend;
    private Encoder model;

    private int[] image() {
        return random.ints(64, 0, 1 << 24).toArray();
    }

    @BeforeEach
    void open() {
        var description = new ImageDescription(
                "test", VitFamily.VIT, SIZES, ImagePreparation.stretched(8), List.of("a", "b", "c"), Optional.empty());
        backend = VectorBackend.open(2);
        model = NewEncoder.untrained(description, backend);
        VitStart.fill(model, description, images, 1);
        // Biases and the classifier start at or near zero; random they tell more.
        model.parameters().all().forEach(parameter -> {
            for (int i = 0; i < parameter.value().size(); i++) {
                float value = parameter.value().floats().get(i);
                parameter.value().floats().set(i, value + 0.2f * (float) random.nextGaussian());
            }
            parameter.changed();
        });
        model.prepare(backend.stream());
    }

    @AfterEach
    void close() {
        model.close();
        backend.close();
    }

    private float[][] logits(Consumer<TokenBatch> inputs) {
        var batch = new TokenBatch();
        inputs.accept(batch);
        try (var workspace = new Workspace(HostMemory::allocate, 1L << 24)) {
            Tensor y = model.forward(new Pass(backend.stream(), workspace).begin(Budget.FULL), batch);
            return IntStream.range(0, y.rows())
                    .mapToObj(row -> new float[] {
                        y.host().get(row, 0), y.host().get(row, 1), y.host().get(row, 2)
                    })
                    .toArray(float[][]::new);
        }
    }

    @Test
    void withAllPatchesItIsTheWholeImage() {
        float[][] parts = logits(batch -> {
            model.addPart(batch, images.get(0), new int[] {0, 1, 2, 3, 4});
            model.addPart(batch, images.get(1), new int[] {0, 1, 2, 3, 4});
        });
        assertThat(parts).isDeepEqualTo(logits(batch -> {
            model.add(batch, images.get(0));
            model.add(batch, images.get(1));
        }));
    }

    @Test
    void whatWasDroppedMakesNoDifferenceAndWhatWasKeptDoes() {
        int[] kept = {0, 2, 3};
        float[] expected = logits(batch -> model.addPart(batch, images.get(0), kept))[0];
        for (int patch = 0; patch < 4; patch++) {
            int[] changed = images.get(0).clone();
            changed[patch / 2 * 4 * 8 + patch % 2 * 4] ^= 0xFFFFFF;
            float[] found = logits(batch -> model.addPart(batch, changed, kept))[0];
            boolean isKept = patch == 1 || patch == 2;
            assertThat(Arrays.equals(found, expected)).as("patch %d", patch).isEqualTo(!isKept);
        }
    }

    @Test
    void eachImageOfABatchKeepsItsOwn() {
        int[] some = {0, 1, 4};
        int[] others = {0, 3};
        float[][] both = logits(batch -> {
            model.addPart(batch, images.get(0), some);
            model.addPart(batch, images.get(1), others);
        });
        assertThat(both[0]).containsExactly(logits(batch -> model.addPart(batch, images.get(0), some))[0]);
        assertThat(both[1]).containsExactly(logits(batch -> model.addPart(batch, images.get(1), others))[0]);
    }

    @Test
    void wholeImagesAndPartsDoNotMix() {
        var batch = new TokenBatch();
        model.add(batch, images.get(0));
        assertThatThrownBy(() -> model.addPart(batch, images.get(1), new int[] {0, 1}))
                .hasMessage("a part of an input in a batch of whole ones");
        batch.clear();
        model.addPart(batch, images.get(0), new int[] {0, 1});
        assertThatThrownBy(() -> model.add(batch, images.get(1))).hasMessage("a whole input in a batch of parts");
        batch.clear();
        model.add(batch, images.get(1));
        assertThat(batch.rowsKept()).isNull();
    }

    @Test
    void aTokenThatIsNotThereOrComesTwiceIsAnError() {
        for (int[] places : List.of(new int[] {0, 5}, new int[] {-1, 2}, new int[] {0, 2, 2})) {
            assertThatThrownBy(() -> model.addPart(new TokenBatch(), images.get(0), places))
                    .hasMessage("the places of the tokens that are kept, " + Arrays.toString(places)
                            + ", must ascend and be among 5");
        }
    }

    @Test
    void patchesAreDroppedAtRandomAndTheClassTokenNever() {
        var found = new int[65];
        for (int i = 0; i < 1_000; i++) {
            int[] places = MicroBatches.someTokens(65, 0.5, random);
            assertThat(places).hasSize(33).isSorted().doesNotHaveDuplicates();
            for (int place : places) {
                found[place]++;
            }
        }
        assertThat(found[0]).isEqualTo(1_000);
        // Of 1,000 draws of one half 16 are a standard deviation; 5 of them.
        assertThat(Arrays.stream(found, 1, 65)).allMatch(times -> times > 420 && times < 580);
    }
}
