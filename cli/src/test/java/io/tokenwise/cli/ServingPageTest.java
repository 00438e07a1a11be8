package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** docs/serving.md has every option of {@code serve} that other commands have not. */
class ServingPageTest {
    @Test
    void everyOptionIsThere() throws Exception {
        var nowhere = new PrintWriter(Writer.nullWriter());
        var command = Tokenwise.commandLine(InputStream.nullInputStream(), false, nowhere, nowhere);
        List<String> embed = names(command.getSubcommands().get("embed").getCommandSpec());
        List<String> serve = names(command.getSubcommands().get("serve").getCommandSpec());
        String page = Files.readString(Path.of("..", "docs", "serving.md"));
        assertThat(serve).contains("--least-budget", "--tls-key", "--max-texts");
        assertThat(serve)
                .filteredOn(name -> name.equals("--budget") || !embed.contains(name))
                .allSatisfy(name -> assertThat(page).containsPattern("[` ]" + name + "\\b"));
    }

    private static List<String> names(CommandSpec command) {
        return command.options().stream().map(OptionSpec::longestName).toList();
    }
}
