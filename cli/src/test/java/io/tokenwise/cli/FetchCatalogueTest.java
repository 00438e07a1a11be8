package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be fetched: nothing is listed twice or without a checksum, and what is fetched is what the engine looks for. */
class FetchCatalogueTest {
    @TempDir
    private Path folder;

    @Test
    void itIsWellFormed() {
        assertThat(FetchCatalogue.ALL).extracting(Fetchable::name).doesNotHaveDuplicates();
        assertThat(FetchCatalogue.ALL)
                .flatExtracting(Fetchable::parts)
                .flatExtracting(Fetchable.Part::kept)
                .allSatisfy(kept -> assertThat(kept.sha256()).matches("[0-9a-f]{64}"));
    }

    /** That is, the engine looks for the file that is fetched. */
    @ParameterizedTest
    @ValueSource(strings = {"bge-small", "e5-small"})
    void theEngineFindsFetchedModels(String name) throws IOException {
        Fetchable model = FetchCatalogue.ALL.stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
        Path place = Files.createDirectories(FetchFolder.in(folder).place(model));
        Path jar = Files.writeString(
                place.resolve(model.parts().getFirst().kept().getFirst().files()), "not really");
        System.setProperty("tokenwise.cache", folder.toString());
        try {
            assertThatThrownBy(() -> Models.builtIn(name))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageStartingWith(jar + ": is damaged");
        } finally {
            System.clearProperty("tokenwise.cache");
        }
    }
}
