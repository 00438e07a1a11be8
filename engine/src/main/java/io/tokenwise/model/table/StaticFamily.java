package io.tokenwise.model.table;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.Network;
import io.tokenwise.model.Objective;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.Prompts;
import io.tokenwise.model.RenamedWeights;
import io.tokenwise.model.RowMemory;
import io.tokenwise.model.TensorNames;
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextFamily;
import io.tokenwise.model.TextNetwork;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.TokenizerFile;
import io.tokenwise.model.VectorStep;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/**
 * Static models: a text's vector is the mean of vectors that a table has for its tokens. Two libraries write them, and read the same text not quite alike; each
 * folder is read by its own: model2vec's (Tulkens and van Dongen 2024; model2vec/model.py and persistence at c901407) by its config.json, all others as sentence-transformers does
 * (StaticEmbedding; sentence_transformer/modules/static_embedding.py at cad21198), which needs none.
 */
public final class StaticFamily implements TextFamily {
    public static final StaticFamily STATIC = new StaticFamily();

    private static final String TYPE = "model_type";
    private static final String MODEL2VEC = "model2vec";

    /** In config.json of model2vec before its version 0.3.4, which names no type. */
    private static final String OLD = "apply_zipf";

    private StaticFamily() {}

    @Override
    public String name() {
        return "static";
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of(MODEL2VEC);
    }

    @Override
    public boolean isOf(String modelType, JsonFile config) {
        return isOfModel2vec(config);
    }

    private static boolean isOfModel2vec(JsonFile config) {
        return config.has(TYPE) ? config.root().path(TYPE).asString("").equals(MODEL2VEC) : config.has(OLD);
    }

    /** What the table was made by; its sizes are those of the tensors, as in model2vec, since a table that was made smaller keeps what was said of the whole. */
    @Override
    public Set<String> unread() {
        return Set.of(
                "apply_pca",
                OLD,
                "embedding_dtype",
                "hidden_dim",
                "pooling",
                "seq_length",
                "sif_coefficient",
                "tokenizer_name",
                "vocabulary_quantization");
    }

    @Override
    public TextArchitecture architecture(JsonFile config) {
        throw new UnsupportedOperationException("no config.json has the sizes of a table");
    }

    /** Of a vector nothing else is made. */
    @Override
    public Optional<TextOutput> output(ModelFolder folder, JsonFile config) {
        return Optional.empty();
    }

    @Override
    public TextDescription describe(ModelFolder folder, JsonFile config) throws IOException {
        if (config.has("acm")) {
            throw config.refuse("acm", "none: a model without layers has nothing that is adaptive");
        }
        boolean ofModel2vec = isOfModel2vec(config);
        StaticForm form;
        try (WeightSource file = folder.weights()) {
            TokenTable table = TokenTable.of(file, ofModel2vec);
            form = new StaticForm(table.values(), table.tokens(), ofModel2vec);
        }
        TextDescription described = describe(folder, config, form);
        return new TextDescription(
                described.name(),
                this,
                form,
                form.maxTokens(),
                ofModel2vec ? output(folder, config, described) : described.output(),
                ofModel2vec ? Prompts.NONE : described.prompts(),
                Optional.empty());
    }

    /** config.json alone says of model2vec's vectors how long they are; what it writes beside is for sentence-transformers. */
    private static TextOutput.Vectors output(ModelFolder folder, JsonFile config, TextDescription described) {
        boolean plain = described.output() instanceof TextOutput.Vectors vectors
                && vectors.steps().stream().allMatch(VectorStep.Normalize.class::isInstance);
        if (!plain) {
            throw new BadFileException(
                    folder.file("modules.json"),
                    "has more than StaticEmbedding and Normalize; beside a config.json of model2vec there is no more");
        }
        List<VectorStep> steps = config.flag("normalize", false) ? List.of(new VectorStep.Normalize()) : List.of();
        return new TextOutput.Vectors(Pooling.MEAN, steps, described.shorter());
    }

    /** Both libraries read tokenizer.json alone. */
    @Override
    public TokenizerFile tokenizer(ModelFolder folder) throws IOException {
        return TokenizerFile.asItLies(folder);
    }

    @Override
    public TensorNames names(ModelDescription model) {
        boolean ofModel2vec = ((StaticForm) model.architecture()).ofModel2vec();
        return new TensorNames() {
            @Override
            public WeightSource inOurForm(WeightSource file) {
                return TokenTable.of(file, ofModel2vec);
            }

            @Override
            public Map<String, RenamedWeights.Origin> origins(WeightSource source) {
                Map<String, RenamedWeights.Origin> origins = new LinkedHashMap<>();
                source.names().forEach(name -> origins.put(name, new RenamedWeights.Origin(name)));
                return origins;
            }
        };
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        return TextNetwork.ofTable(
                (TextDescription) model, TokenTable.NAME, ((StaticForm) model.architecture()).rows(), parts);
    }

    /** Nothing trains such a model, so none is written. */
    @Override
    public ObjectNode config(ModelDescription model) {
        throw new UnsupportedOperationException(model.name() + ": static models are not written");
    }

    /** There is nothing to be made faster. */
    @Override
    public Objective objective(ModelDescription model) {
        return Objective.NONE;
    }

    @Override
    public RowMemory memory(ModelDescription model) {
        var text = (TextDescription) model;
        return new RowMemory(
                VectorStep.floats(text.output().steps(), text.architecture().hiddenSize()), 0);
    }
}
