package io.tokenwise.model.moonshine;

import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Stream;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.TextDecoder;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Decoding;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TeacherForcing;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Choices;
import io.tokenwise.op.Linears;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Moonshine's decoder: writes the text of what the encoder heard, token by token. Thread-safe for different passes once its encoder is prepared; it is
 * closed with that.
 */
public final class SpeechDecoder implements TextDecoder {
    private final Weight words;
    private final List<DecoderLayer> layers;
    private final LayerNorm norm;

    private SpeechDecoder(Weight words, List<DecoderLayer> layers, LayerNorm norm) {
        this.words = words;
        this.layers = layers;
        this.norm = norm;
    }

    /** With zero weights. */
    static SpeechDecoder of(MoonshineArchitecture sizes, LayerBuilder parts) {
        AttentionForm attention = Moonshine.attention(sizes, MoonshineArchitecture.mostTokens());
        return new SpeechDecoder(
                parts.weight(parts.table("decoder.embed_tokens.weight", sizes.vocabularySize())),
                IntStream.range(0, sizes.decoderLayers())
                        .mapToObj(i -> DecoderLayer.of(i, sizes, attention, parts))
                        .toList(),
                parts.head().layerNorm("decoder.norm", NormForm.unshifted(sizes.layerNormEpsilon())));
    }

    @Override
    public int[] write(Pass pass, Tensor frames, int samples) {
        return writeAtMost(pass, frames, MoonshineArchitecture.mostTokens(samples));
    }

    @Override
    public int begin() {
        return MoonshineArchitecture.BEGIN;
    }

    @Override
    public int[] writeAtMost(Pass pass, Tensor frames, int mostTokens) {
        var decoding = new Decoding(pass, layers.size(), frames.columns(), frames.rows(), mostTokens);
        layers.forEach(layer -> layer.reader().read(pass, frames));
        var batch = new TokenBatch();
        var token = new int[] {MoonshineArchitecture.BEGIN};
        var text = new int[mostTokens];
        int written = 0;
        batch.add(token);
        // Once for all of the text's tokens: under a hard budget later ones have what earlier ones leave.
        pass.over(batch);
        while (written < mostTokens) {
            batch.clear();
            batch.add(token);
            token[0] = next(pass, token);
            if (token[0] == MoonshineArchitecture.END) {
                break;
            }
            text[written++] = token[0];
            decoding.advance();
        }
        return Arrays.copyOf(text, written);
    }

    @Override
    public Tensor logits(Pass pass, Tensor frames, TokenBatch recordings, TokenBatch texts) {
        if (texts.sequences() != recordings.sequences()) {
            throw new IllegalArgumentException(
                    "logits: " + texts.sequences() + " texts of " + recordings.sequences() + " recordings");
        }
        pass.predicting(texts, new TeacherForcing(frames, recordings));
        Tensor x = pass.tensor(texts.tokens(), frames.columns());
        for (int i = 0; i < texts.tokens(); i++) {
            Tensor word = pass.workspace().rows(words.parameter().value(), texts.inputs()[i], 1);
            pass.stream().copy(word, pass.workspace().rows(x, i, 1));
        }
        for (DecoderLayer layer : layers) {
            x = layer.forward(pass, x);
        }
        Tensor y = pass.tensor(x.rows(), x.columns());
        norm.forward(pass, x, y);
        return Linears.transposed(pass, y, words);
    }

    private int next(Pass pass, int[] token) {
        Stream stream = pass.stream();
        pass.push();
        Tensor table = words.parameter().value();
        Tensor x = pass.tensor(1, table.columns());
        // Copied, so that on a device a step is the same launches whatever the token.
        TakenRows.forward(stream, table, token, x);
        for (DecoderLayer layer : layers) {
            x = layer.forward(pass, x);
        }
        Tensor y = pass.tensor(1, x.columns());
        norm.forward(pass, x, y);
        Tensor logits = pass.tensor(1, words.inputs());
        stream.linear(y, words.transposed(), null, false, null, logits);
        int next = Choices.argmax(stream, logits, 0);
        pass.pop();
        return next;
    }

    /** With both attentions. */
    @Override
    public List<BlockSlot> slots() {
        return layers.stream().flatMap(layer -> layer.slots().stream()).toList();
    }

    @Override
    public double flops(int frames, int tokens, double share) {
        double token = (double) words.inputs() * words.outputs()
                + slots().stream()
                        .mapToDouble(slot -> slot.block().flopsPerToken(share))
                        .sum();
        // A token attends to all frames, and to half of all tokens on average.
        double attention = 2.0 * words.outputs() * (frames + tokens / 2.0) * layers.size();
        double keysAndValues = layers.stream()
                .mapToDouble(layer -> layer.reader().keysValues().flopsPerToken())
                .sum();
        return tokens * (token + attention) + frames * keysAndValues;
    }

    void prepare(Stream stream) {
        words.prepareTransposed(stream);
        slots().forEach(slot -> slot.block().prepare(stream));
    }
}
