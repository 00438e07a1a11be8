package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testmodels.KeptModels;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A test that runs commands and reads what they print. */
abstract class CommandTest {
    final StringWriter out = new StringWriter();
    final StringWriter err = new StringWriter();

    /** Returns the exit code. */
    final int run(String... args) {
        return runOn("", args);
    }

    /** The same with such a standard input. */
    final int runOn(String stdin, String... args) {
        return runOn(stdin, false, args);
    }

    /** The same with what somebody types at a terminal. */
    final int runTyped(String stdin, String... args) {
        return runOn(stdin, true, args);
    }

    private int runOn(String stdin, boolean typed, String... args) {
        var in = new ByteArrayInputStream(stdin.getBytes(StandardCharsets.UTF_8));
        return KeptModels.during(
                () -> Tokenwise.commandLine(in, typed, new PrintWriter(out, true), new PrintWriter(err, true), args)
                        .execute(args));
    }

    /** Runs {@code eval} for JSON, which must succeed, and returns its rows. */
    final JsonNode evalRows(String... args) {
        out.getBuffer().setLength(0);
        String[] all = Stream.of(Stream.of("eval"), Stream.of(args), Stream.of("--json"))
                .flatMap(some -> some)
                .toArray(String[]::new);
        assertThat(run(all)).as(err.toString()).isZero();
        assertThat(out.toString().lines()).hasSize(1);
        return line(0).get("rows");
    }

    /** A line of the output, counted from 0, that is JSON. */
    final JsonNode line(int number) {
        return new JsonMapper().readTree(out.toString().lines().toList().get(number));
    }
}
