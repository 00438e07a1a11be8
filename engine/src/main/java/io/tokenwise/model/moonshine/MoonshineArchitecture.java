package io.tokenwise.model.moonshine;

import io.tokenwise.model.Architecture;
import io.tokenwise.model.SoundForm;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The sizes of a Moonshine (Jeffries et al. 2024): an encoder of sound, whose front end is three convolutions, and a decoder of text. Both have
 * pre-LayerNorm layers without shifts, and attention without biases whose first columns have rotary positions; the encoder's MLPs have erf-GELU, the
 * decoder's are gated by SiLU. Output projection and token embeddings are one table.
 *
 * @param layers of the encoder
 * @param heads of both
 * @param intermediateSize units of each MLP, of both
 * @param rotated columns of each head that have positions; even
 */
public record MoonshineArchitecture(
        int hiddenSize, int layers, int decoderLayers, int heads, int intermediateSize, int vocabularySize, int rotated)
        implements Architecture {
    /** Of the angles of rotary positions. */
    public static final double ROTARY_BASE = 10_000;

    /** Its convolutions, and 30 s, as in training: a frame is 56 ms or more, 41.7 are a second. */
    public static final SoundForm SOUND = new SoundForm(
            List.of(new SoundForm.Step(127, 64), new SoundForm.Step(7, 3), new SoundForm.Step(3, 2)), 480_000);

    /** The token that a text begins with, and the one that ends it. */
    public static final int BEGIN = 1;

    public static final int END = 2;

    /**
     * Tokens that a second may have: more are repetitions without end. Hugging Face's limit; moonshine-js has 6, rounded down. On Asterisk's prompts both
     * give the same texts.
     */
    private static final double TOKENS_PER_SECOND = 6.5;

    /** Tokens that a recording of so many samples may have, the last one included. */
    public static int mostTokens(int samples) {
        return (int) Math.ceil(samples * TOKENS_PER_SECOND / 16_000);
    }

    /** Of the longest recording. */
    static int mostTokens() {
        return mostTokens(SOUND.mostSamples());
    }

    /** What PyTorch takes if nothing else is said; no file says it. */
    @Override
    public double layerNormEpsilon() {
        return 1e-5;
    }

    @Override
    public String mlpInput() {
        return "mlp.fc1.weight";
    }

    @Override
    public String adaptable() {
        return "encoder.layers.0.mlp to encoder.layers." + (layers - 1)
                + ".mlp, decoder.layers.0.mlp to decoder.layers." + (decoderLayers - 1)
                + ".mlp, and attention with letters of qkvo likewise";
    }

    @Override
    public List<List<String>> layerPaths() {
        return List.of(
                Architecture.paths("encoder.layers.", layers), Architecture.paths("decoder.layers.", decoderLayers));
    }

    /** Names are Hugging Face's, without the leading {@code model.}. */
    @Override
    public Map<String, long[]> tensors() {
        int hidden = hiddenSize;
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put(
                "encoder.conv1.weight",
                new long[] {hidden, 1, SOUND.convolutions().get(0).width()});
        shapes.put("encoder.groupnorm.weight", new long[] {hidden});
        shapes.put("encoder.groupnorm.bias", new long[] {hidden});
        shapes.put(
                "encoder.conv2.weight",
                new long[] {2L * hidden, hidden, SOUND.convolutions().get(1).width()});
        shapes.put("encoder.conv2.bias", new long[] {2L * hidden});
        shapes.put(
                "encoder.conv3.weight",
                new long[] {hidden, 2L * hidden, SOUND.convolutions().get(2).width()});
        shapes.put("encoder.conv3.bias", new long[] {hidden});
        for (int i = 0; i < layers; i++) {
            String layer = "encoder.layers." + i + ".";
            shapes.put(layer + "input_layernorm.weight", new long[] {hidden});
            attention(shapes, layer + "self_attn.");
            shapes.put(layer + "post_attention_layernorm.weight", new long[] {hidden});
            mlp(shapes, layer + "mlp.", intermediateSize);
        }
        shapes.put("encoder.layer_norm.weight", new long[] {hidden});
        shapes.put("decoder.embed_tokens.weight", new long[] {vocabularySize, hidden});
        for (int i = 0; i < decoderLayers; i++) {
            String layer = "decoder.layers." + i + ".";
            shapes.put(layer + "input_layernorm.weight", new long[] {hidden});
            attention(shapes, layer + "self_attn.");
            shapes.put(layer + "post_attention_layernorm.weight", new long[] {hidden});
            attention(shapes, layer + "encoder_attn.");
            shapes.put(layer + "final_layernorm.weight", new long[] {hidden});
            mlp(shapes, layer + "mlp.", 2 * intermediateSize);
        }
        shapes.put("decoder.norm.weight", new long[] {hidden});
        return shapes;
    }

    private void attention(Map<String, long[]> shapes, String path) {
        for (char projection : new char[] {'q', 'k', 'v', 'o'}) {
            shapes.put(path + projection + "_proj.weight", new long[] {hiddenSize, hiddenSize});
        }
    }

    private void mlp(Map<String, long[]> shapes, String path, int up) {
        shapes.put(path + "fc1.weight", new long[] {up, hiddenSize});
        shapes.put(path + "fc1.bias", new long[] {up});
        shapes.put(path + "fc2.weight", new long[] {hiddenSize, intermediateSize});
        shapes.put(path + "fc2.bias", new long[] {hiddenSize});
    }
}
