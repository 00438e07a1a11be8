package io.tokenwise.acm.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BadFileException;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** The acm object of config.json: round trip, and what is wrong is named. */
class AcmConfigTest {
    private static final String GOOD =
            "{'teacher':'t','learners':4,'modules':['encoder.layer.0.mlp'],'calibration':[{'tokens':8,'told':[0,1],'spent':[0.1,1]}]}";

    private static AcmConfig read(String json) {
        return AcmConfig.fromJson(JsonMapper.shared().readTree(json.replace('\'', '"')));
    }

    @Test
    void survivesWritingAndReading() {
        AcmConfig config = read(GOOD);
        assertThat(AcmConfig.fromJson(config.toJson())).isEqualTo(config);
        AcmConfig split = read(GOOD.replace(
                "'learners':4",
                "'learners':4,'split':{'told':[0.1,0.5,1],'spent':{'encoder.layer.0.mlp':[0.1,0.625,1]}}"));
        assertThat(split.split().spent()).containsOnly(Map.entry("encoder.layer.0.mlp", List.of(0.1, 0.625, 1.0)));
        assertThat(AcmConfig.fromJson(split.toJson())).isEqualTo(split);
        AcmConfig control = read(GOOD.replace("'learners':4", "'learners':4,'fixed':{'encoder.layer.0.mlp':3}"));
        assertThat(control.fixed()).containsOnly(Map.entry("encoder.layer.0.mlp", 3));
        assertThat(AcmConfig.fromJson(control.toJson())).isEqualTo(control);
    }

    @Test
    void layersAreThoseOfEveryLayer() {
        String two =
                "'encoder.layer.0.attention.qk','encoder.layer.0.mlp','encoder.layer.1.attention.qk','encoder.layer.1.mlp'";
        assertThat(read(GOOD.replace("'encoder.layer.0.mlp'", two)).layers())
                .isEqualTo(AdaptiveLayers.parse("mlp,qk", 4));
        assertThat(read(GOOD.replace("layer.0.mlp", "layer.0.attention.qk")).layers())
                .isEqualTo(AdaptiveLayers.parse("qk", 4).withMlpLearners(1));
        String unlike = two.replace("1.attention.qk", "1.attention.qkvo");
        assertThatThrownBy(() ->
                        read(GOOD.replace("'encoder.layer.0.mlp'", unlike)).layers())
                .hasMessage("acm.modules: not the same of every layer is adaptive");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'learners':4|'learners':0|acm.learners is 0",
                "'learners':4|'learners':'four'|acm.learners must be a whole number",
                "'learners':4|'learners':4,'mlpLearners':4|acm.mlpLearners is 4, must be 1 to 3, for acm.learners is 4",
                "'learners':4|'learners':4,'mlpLearners':0|acm.mlpLearners is 0",
                "'learners':4|'learners':4,'mlpLearners':'one'|acm.mlpLearners must be a whole number",
                "'learners':4|'x':4|acm has no field learners",
                "'teacher':'t'|'teacher':1|acm.teacher must be a name",
                "['encoder.layer.0.mlp']|[]|acm.modules is empty",
                "['encoder.layer.0.mlp']|'encoder.layer.0.mlp'|acm.modules must be a list",
                "['encoder.layer.0.mlp']|['a','a']|acm.modules must be different names",
                "'learners':4|'learners':4,'fixed':{'encoder.layer.0.mlp':5}|acm.fixed has 5 learners for encoder.layer.0.mlp, must have 0 to 4",
                "'learners':4|'learners':4,'fixed':{'x':1}|acm.fixed has 1 learners for x",
                "'learners':4|'learners':4,'fixed':{'encoder.layer.0.mlp':'x'}|acm.fixed must be whole numbers",
                "[0,1]|[1,0]|budgets and spends must ascend",
                "[0,1]|[-1e308,1e308]|budgets must be 0 to 1",
                "[0,1]|[0]|1 budgets and 2 spends",
                "[0,1]|['a',1]|acm.calibration.told must be numbers",
                "'tokens':8|'tokens':0|lengths must be positive and ascend",
                "'tokens':8|'x':8|acm.calibration must be a list of tokens, told and spent",
                "[0.1,1]|[0.1,99]|spends 0 to 2",
                "'learners':4|'learners':4,'split':1|acm.split must have told and, for each module, spent",
                "'learners':4|'learners':4,'split':{'spent':{}}|acm.split.told must be a list, is null",
                "'learners':4|'learners':4,'split':{'told':[1],'spent':{}}|acm.split.told must be two budgets or more",
                "'learners':4|'learners':4,'split':{'told':[0,1],'spent':{'a':[0,3]}}|acm.split.spent.a must be 2 numbers of 0 to 2",
                "'learners':4|'learners':4,'split':{'told':[0,1],'spent':{'a':['x']}}|acm.split.spent.a must be numbers",
                "'learners':4|'learners':4,'split':{'told':[0,1],'spent':{'a':[0,1]}}|acm.split.spent must have the names of acm.modules, has [a]",
                "'learners':4|'learners':4,'split':{'told':[1,0],'spent':{}}|acm.split.told must ascend"
            })
    void whatIsWrongIsNamed(String good, String bad, String message) {
        assertThatThrownBy(() -> read(GOOD.replace(good, bad)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"learners\" : 4|\"learners\" : 5|cannot be cut into 5 learners",
                "encoder.layer.1.mlp|encoder.layer.7.mlp|acm.modules names encoder.layer.7.mlp",
                "encoder.layer.1.mlp|encoder.layer.1.|acm.modules names encoder.layer.1.",
                "\"num_hidden_layers\" : 2|\"num_hidden_layers\" : 1000|has no tensor encoder.layer.2.",
                "\"num_hidden_layers\" : 2|\"num_hidden_layers\" : 1|config.json says fewer layers than there are weights of",
                "\"intermediate_size\" : 48|\"intermediate_size\" : 60000|must be [60000, 24]"
            })
    void aModelWhoseDescriptionDoesNotFitItsTensorsIsRefused(
            String good, String bad, String message, @TempDir Path folder) throws Exception {
        Path dense = folder.resolve("dense");
        Path adaptive = folder.resolve("adaptive");
        TestModels.writeSmall(dense);
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(dense);
                Encoder encoder = Encoder.load(files, backend)) {
            TestModels.acmize(encoder, 4, List.of(new int[] {1, 2, 3, 4}));
            encoder.save(adaptive, files.tokenizer(), ModelWriter.Existing.KEEP);
            Path config = adaptive.resolve("config.json");
            String text = Files.readString(config);
            assertThat(text).contains(good);
            Files.writeString(config, text.replace(good, bad));
            assertThatThrownBy(() -> {
                        try (ModelFiles changed = Models.open(adaptive)) {
                            Encoder.load(changed, backend).close();
                        }
                    })
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining(message);
        }
    }
}
