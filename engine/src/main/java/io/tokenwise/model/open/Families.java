package io.tokenwise.model.open;

import io.tokenwise.io.JsonFile;
import io.tokenwise.model.ModelFamily;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.TransformerFolder;
import io.tokenwise.model.bert.BertFamily;
import io.tokenwise.model.deberta.DebertaFamily;
import io.tokenwise.model.distilbert.DistilBertFamily;
import io.tokenwise.model.electra.ElectraFamily;
import io.tokenwise.model.eurobert.EuroBertFamily;
import io.tokenwise.model.gemma3.Gemma3Family;
import io.tokenwise.model.gte.GteFamily;
import io.tokenwise.model.jinabert.JinaBertFamily;
import io.tokenwise.model.modernbert.ModernBertFamily;
import io.tokenwise.model.moonshine.MoonshineFamily;
import io.tokenwise.model.mpnet.MpnetFamily;
import io.tokenwise.model.nomic.NomicBertFamily;
import io.tokenwise.model.qwen2.Qwen2Family;
import io.tokenwise.model.qwen3.Qwen3Family;
import io.tokenwise.model.roberta.RobertaFamily;
import io.tokenwise.model.t5.T5Family;
import io.tokenwise.model.table.StaticFamily;
import io.tokenwise.model.vit.VitFamily;
import io.tokenwise.model.wav2vec2.Wav2Vec2Family;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.node.JsonNodeFactory;

/** All families of models. */
public final class Families {
    /** In the order in which folders without config.json are shown to them. */
    public static final List<ModelFamily> ALL = List.of(
            MoonshineFamily.MOONSHINE,
            // Before BERT, whose type their files have, or none.
            JinaBertFamily.JINA_BERT,
            StaticFamily.STATIC,
            RobertaFamily.XLM_R,
            BertFamily.BERT,
            VitFamily.VIT,
            DistilBertFamily.DISTILBERT,
            ElectraFamily.ELECTRA,
            DebertaFamily.DEBERTA,
            RobertaFamily.ROBERTA,
            RobertaFamily.CAMEMBERT,
            MpnetFamily.MPNET,
            T5Family.T5,
            NomicBertFamily.NOMIC_BERT,
            ModernBertFamily.MODERN_BERT,
            Qwen2Family.QWEN2,
            Qwen3Family.QWEN3,
            Gemma3Family.GEMMA3,
            GteFamily.GTE,
            EuroBertFamily.EURO_BERT,
            Wav2Vec2Family.WAV2VEC2,
            Wav2Vec2Family.HUBERT);

    private static final String TYPE = "model_type";

    /** What timm's config.json says of how a model was trained. */
    private static final String TIMM = "pretrained_cfg";

    private Families() {}

    /**
     * What a folder says of its model; nothing where sentence-transformers needs no such file.
     *
     * @throws io.tokenwise.api.BadFileException if there must be one, and is none
     */
    static JsonFile config(ModelFolder folder) throws IOException {
        return folder.has(ModelFolder.CONFIG) || !TransformerFolder.isTable(folder)
                ? folder.read(ModelFolder.CONFIG)
                : new JsonFile(folder.file(ModelFolder.CONFIG), JsonNodeFactory.instance.objectNode());
    }

    /**
     * The family of a folder's config.json; BERT's if it says none.
     *
     * @throws io.tokenwise.api.BadFileException if there is no such family
     */
    static ModelFamily of(ModelFolder folder, JsonFile config) throws IOException {
        if (TransformerFolder.isTable(folder)) {
            return StaticFamily.STATIC;
        }
        if (config.has(TIMM) && !config.has(TYPE)) {
            throw config.refuse(
                    "architecture",
                    "config.json of transformers, which names a " + TYPE
                            + "; this one is of timm, whose models are not read");
        }
        String type = config.root().path(TYPE).asString("bert");
        return ALL.stream()
                .filter(family -> family.isOf(type, config))
                .findFirst()
                .orElseThrow(() -> config.refuse(TYPE, modelTypes()));
    }

    /** Sorted. */
    private static String modelTypes() {
        return ALL.stream()
                .map(ModelFamily::modelTypes)
                .flatMap(Set::stream)
                .sorted()
                .collect(Collectors.joining(", "));
    }
}
