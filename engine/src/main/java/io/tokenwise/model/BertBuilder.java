package io.tokenwise.model;

import io.tokenwise.acm.AcmConfig;
import io.tokenwise.acm.Acmizer;
import io.tokenwise.acm.AdaptiveBlock;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.io.Architecture;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Embeddings;
import io.tokenwise.nn.LayerNorm;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.SelfAttention;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Builds a {@link Bert} of given sizes with zero weights, and lists which tensor of a file goes where. */
final class BertBuilder {
    private final Parameters parameters;
    private final Architecture sizes;
    private final Optional<AcmConfig> acm;
    private final List<StoredTensor> stored = new ArrayList<>();

    BertBuilder(Parameters parameters, Architecture sizes, Optional<AcmConfig> acm) {
        this.parameters = parameters;
        this.sizes = sizes;
        this.acm = acm;
    }

    /** Tensors of what was built so far. */
    List<StoredTensor> stored() {
        return stored;
    }

    Bert build() {
        var embeddings = new Embeddings(
                table("embeddings.word_embeddings.weight", sizes.vocabularySize()),
                table("embeddings.position_embeddings.weight", sizes.maxPositions()),
                table("embeddings.token_type_embeddings.weight", sizes.typeVocabularySize()),
                norm("embeddings.LayerNorm"));
        var layers = new ArrayList<BertLayer>();
        for (int i = 0; i < sizes.layers(); i++) {
            layers.add(layer("encoder.layer." + i + "."));
        }
        var bert = new Bert(embeddings, layers);
        Acmizer.place(Acmizer.modules(bert.slots()));
        return bert;
    }

    private BertLayer layer(String path) {
        Block attention = attention(path + "attention");
        LayerNorm attentionNorm = norm(path + "attention.output.LayerNorm");
        return new BertLayer(
                new BlockSlot(path + "attention", attention),
                attentionNorm,
                new BlockSlot(path + "mlp", mlp(path)),
                norm(path + "output.LayerNorm"));
    }

    private Block attention(String path) {
        Linear output = linear(path + ".output.dense", sizes.hiddenSize(), sizes.hiddenSize());
        var dense = new SelfAttention(qkv(path + ".self."), output, sizes.heads());
        if (acm.isPresent() && !acm.get().attentionGates(path).isEmpty()) {
            return adaptive(acm.get().attention(parameters, path, dense));
        }
        return dense;
    }

    private Block mlp(String layer) {
        String path = layer + "mlp";
        int hidden = sizes.hiddenSize();
        int units = sizes.intermediateSize();
        var dense = new Mlp(
                linear(layer + "intermediate.dense", hidden, units), linear(layer + "output.dense", units, hidden));
        if (acm.isPresent() && acm.get().hasMlp(path)) {
            return adaptive(acm.get().mlp(parameters, path, dense));
        }
        return dense;
    }

    private AdaptiveBlock adaptive(AdaptiveBlock block) {
        stored.addAll(StoredTensor.of(block));
        return block;
    }

    /** Q, K and V side by side in one weight, though a file has three. */
    private Linear qkv(String path) {
        int hidden = sizes.hiddenSize();
        Parameter weight = parameters.add(path + "qkv.weight", hidden, 3 * hidden);
        Parameter bias = parameters.add(path + "qkv.bias", 1, 3 * hidden);
        stored.addAll(StoredTensor.queryKeyValue(path, "weight", weight, StoredTensor.Layout.TRANSPOSED));
        stored.addAll(StoredTensor.queryKeyValue(path, "bias", bias, StoredTensor.Layout.VECTOR));
        return new Linear(new Weight(parameters, weight), bias);
    }

    private Linear linear(String path, int inputs, int outputs) {
        Parameter weight = parameters.add(path + ".weight", inputs, outputs);
        Parameter bias = parameters.add(path + ".bias", 1, outputs);
        stored.add(StoredTensor.transposed(weight.name(), weight));
        stored.add(StoredTensor.vector(bias.name(), bias));
        return new Linear(new Weight(parameters, weight), bias);
    }

    private LayerNorm norm(String path) {
        Parameter gamma = parameters.add(path + ".weight", 1, sizes.hiddenSize());
        Parameter beta = parameters.add(path + ".bias", 1, sizes.hiddenSize());
        stored.add(StoredTensor.vector(gamma.name(), gamma));
        stored.add(StoredTensor.vector(beta.name(), beta));
        return new LayerNorm(gamma, beta, (float) sizes.layerNormEpsilon());
    }

    private Parameter table(String name, int rows) {
        Parameter table = parameters.add(name, rows, sizes.hiddenSize());
        stored.add(StoredTensor.matrix(name, table));
        return table;
    }
}
