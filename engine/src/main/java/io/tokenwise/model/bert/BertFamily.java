package io.tokenwise.model.bert;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.io.TensorFlowBundle;
import io.tokenwise.kernels.Activation;
import io.tokenwise.model.ClassesConfig;
import io.tokenwise.model.HeadForm;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.Network;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.TensorNames;
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.WordsForm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.tokenizer.BertVocabulary;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** BERT (Devlin et al. 2019), as MiniLM, bge, e5 and gte have it too: post-LayerNorm, absolute positions, erf-GELU. */
public final class BertFamily implements TextFamily {
    public static final BertFamily BERT = new BertFamily();

    // Far above every published BERT, far below what overflows an int or exhausts memory by a typing error.
    private static final int MAX_WIDTH = 1 << 16;
    private static final int MAX_LAYERS = 1 << 10;
    private static final int MAX_ROWS = 1 << 24;

    private BertFamily() {}

    @Override
    public String name() {
        return "bert";
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of("bert");
    }

    /**
     * BERT-base uncased, or one of its shape, in TensorFlow's files with vocab.txt, as Google published it; no file says its sizes. A text's vector is the mean of
     * its tokens' last states, as sentence-transformers takes it of a BERT that was not trained for vectors; its length is left as it is.
     */
    @Override
    public Optional<ModelFiles> other(ModelFolder folder) throws IOException {
        Optional<Path> path = folder.path().filter(TensorFlowBundle::isIn);
        if (path.isEmpty()) {
            return Optional.empty();
        }
        var sizes = new BertArchitecture(768, 12, 12, 3072, 30522, 512, 2, 1e-12);
        var description = new TextDescription(
                folder.name(), this, sizes, sizes.maxPositions(), Pooling.MEAN, false, "", "", Optional.empty());
        String vocabulary = folder.file(BertVocabulary.FILE);
        byte[] json = BertVocabulary.tokenizerJson(vocabulary, folder.json(BertVocabulary.FILE));
        // What may fail goes before what must be closed.
        Tokenizer tokenizer = description.tokenizer(vocabulary, json);
        return Optional.of(ModelFiles.of(
                description,
                TensorFlowBundle.open(path.get()),
                tokenizer,
                () -> Optional.of(words(sizes)),
                Optional.empty()));
    }

    @Override
    public BertArchitecture architecture(JsonFile config) {
        config.supports("hidden_act", "gelu");
        config.supports("position_embedding_type", "absolute");
        if (config.flag("is_decoder", false) || config.flag("add_cross_attention", false)) {
            throw new BadFileException(
                    config.file(), "is_decoder or add_cross_attention is true; supported: an encoder");
        }
        int hidden = config.integer("hidden_size", 1, MAX_WIDTH);
        int heads = config.integer("num_attention_heads", 1, hidden);
        if (hidden % heads != 0) {
            throw new BadFileException(
                    config.file(), "hidden_size " + hidden + " is not a multiple of num_attention_heads " + heads);
        }
        return new BertArchitecture(
                hidden,
                config.integer("num_hidden_layers", 1, MAX_LAYERS),
                heads,
                config.integer("intermediate_size", 1, MAX_WIDTH),
                config.integer("vocab_size", 1, MAX_ROWS),
                config.integer("max_position_embeddings", Tokenizer.LEAST_MAX_TOKENS, MAX_ROWS),
                config.integer("type_vocab_size", 1, MAX_WIDTH, 2),
                config.has("layer_norm_eps") ? config.number("layer_norm_eps", 0, 1) : 1e-12);
    }

    /** The pooler that BERT was pre-trained with, and a linear layer. */
    @Override
    public HeadForm head(JsonFile config) {
        return HeadForm.pooled("pooler.dense", "classifier");
    }

    @Override
    public TextOutput.TokenClasses tokenHead(JsonFile config, List<String> labels) {
        return new TextOutput.TokenClasses(Optional.empty(), "classifier", labels);
    }

    @Override
    public Optional<WordsForm> words(JsonFile config, TextArchitecture sizes) {
        return Optional.of(words(sizes));
    }

    /** The same of any BERT. */
    public static WordsForm words(TextArchitecture sizes) {
        var layer = new HeadForm.Layer(
                "cls.predictions.transform.dense",
                true,
                Activation.GELU,
                Optional.of(new HeadForm.Normed(
                        "cls.predictions.transform.LayerNorm", NormForm.layerNorm(sizes.layerNormEpsilon()))));
        return new WordsForm(layer, "cls.predictions.bias", "cls.predictions.decoder.weight");
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return names(model, "bert.");
    }

    /**
     * The names of one of BERT's relatives.
     *
     * @param part what transformers has before the encoder's tensors, where a head stands beside it
     */
    public static TensorNames names(ModelDescription model, String part) {
        boolean vectors = ((TextDescription) model).output() instanceof TextOutput.Vectors;
        return vectors ? BertWeights::origins : new BertWeights.WithHead(part);
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        return Bert.of((TextDescription) model, parts);
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        var sizes = (BertArchitecture) model.architecture();
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        ClassesConfig.write(((TextDescription) model).output(), "Bert", config);
        config.put("model_type", "bert")
                .put("hidden_size", sizes.hiddenSize())
                .put("num_hidden_layers", sizes.layers())
                .put("num_attention_heads", sizes.heads())
                .put("intermediate_size", sizes.intermediateSize())
                .put("vocab_size", sizes.vocabularySize())
                .put("max_position_embeddings", sizes.maxPositions())
                .put("type_vocab_size", sizes.typeVocabularySize())
                .put("layer_norm_eps", sizes.layerNormEpsilon())
                .put("hidden_act", "gelu")
                .put("position_embedding_type", "absolute")
                .put("pad_token_id", 0);
        return config;
    }
}
