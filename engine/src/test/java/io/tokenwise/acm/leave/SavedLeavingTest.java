package io.tokenwise.acm.leave;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files of a model whose tokens leave. */
class SavedLeavingTest {
    @TempDir
    Path folder;

    private ModelFiles dense;

    @BeforeEach
    void write() throws Exception {
        TestModels.write(folder.resolve("dense"), TestModels.WIDER);
        dense = Models.open(folder.resolve("dense"));
    }

    @ParameterizedTest
    @EnumSource(StoredType.class)
    void whatIsSavedAndReadAgainIsTheSame(StoredType type) throws Exception {
        Path saved = folder.resolve("saved");
        try (Backend backend = VectorBackend.open(1);
                Encoder model = TestModels.shortPath(dense, backend)) {
            model.save(saved, dense.tokenizer(), ModelWriter.Existing.KEEP, type);
            float[][] wanted = LeavingTest.encode(model, backend, LeavingTest.TEXTS, Budget.flops(0.5));
            try (ModelFiles files = Models.open(saved);
                    Encoder again = Encoder.load(files, backend)) {
                float[][] found = LeavingTest.encode(again, backend, LeavingTest.TEXTS, Budget.flops(0.5));
                if (type == StoredType.F32) {
                    assertThat(Arrays.deepEquals(found, wanted)).isTrue();
                }
                again.save(folder.resolve("again"), dense.tokenizer(), ModelWriter.Existing.KEEP, type);
            }
        }
        for (String file : List.of("model.safetensors", "config.json")) {
            assertThat(Files.mismatch(
                            saved.resolve(file), folder.resolve("again").resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
    }

    @Test
    void aDamagedShortPathIsNamed() throws Exception {
        Path saved = folder.resolve("saved");
        try (Backend backend = VectorBackend.open(1);
                Encoder model = TestModels.shortPath(dense, backend)) {
            model.save(saved, dense.tokenizer(), ModelWriter.Existing.KEEP);
            String config = Files.readString(saved.resolve("config.json"));
            refuses(backend, saved, config.replace("\"gateWidth\" : 64", "\"gateWidth\" : 65"), "gateWidth is 65");
            refuses(
                    backend,
                    saved,
                    config.replaceFirst("\"losses\" : \\{", "\"other\" : {"),
                    "shortPath.losses must be");
            refuses(backend, saved, config.replaceFirst("0\\.125", "-3"), "shares must ascend");
            refuses(
                    backend,
                    saved,
                    config.replace("\"tokens\" : 32", "\"tokens\" : -1"),
                    "shortTexts.tokens must be a number of tokens from 0");
            refuses(
                    backend,
                    saved,
                    config.replaceFirst("\"worths\" : \\[ 0\\.9", "\"worths\" : [ 0.05"),
                    "shortTexts.worths must descend");
            refuses(
                    backend,
                    saved,
                    config.replaceFirst("\"worths\" : \\[ 0\\.9, ", "\"worths\" : [ "),
                    "there must be one for each");
            refuses(
                    backend,
                    saved,
                    config.replaceFirst("\"narrowFirst\" : \\[ 0", "\"narrowFirst\" : [ 1"),
                    "narrowFirst must have each layer's index once");
        }
    }

    private static void refuses(Backend backend, Path model, String config, String fact) throws Exception {
        Files.writeString(model.resolve("config.json"), config);
        assertThatThrownBy(() -> {
                    try (ModelFiles files = Models.open(model)) {
                        Encoder.load(files, backend).close();
                    }
                })
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(fact);
    }
}
