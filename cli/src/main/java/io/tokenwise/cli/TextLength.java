package io.tokenwise.cli;

import io.tokenwise.tokenizer.Tokenizer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The option of tasks on texts that says where they are cut. */
final class TextLength {
    private int maxTokens;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "256",
            description =
                    "Longer texts are cut to this many tokens, or to what the model reads if that is less (default:"
                            + " ${DEFAULT-VALUE}).")
    void setMaxTokens(int count) {
        if (count < Tokenizer.LEAST_MAX_TOKENS) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--max-tokens must be " + Tokenizer.LEAST_MAX_TOKENS + " or more, not " + count);
        }
        maxTokens = count;
    }

    int maxTokens() {
        return maxTokens;
    }
}
