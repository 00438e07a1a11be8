package io.tokenwise.cli;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.model.FrameWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How the text of a model with CTC is found. */
final class BeamOption {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /** Memory is in proportion, time more than that; a hundred are many. */
    private static final int MOST = 1_000;

    @Option(
            names = "--beam",
            paramLabel = "N",
            converter = CommonOptions.CountConverter.class,
            description =
                    "Search for the likeliest text over all ways in which frames can say it, keeping N beginnings (default: the likeliest letter of each frame). Needs a model with CTC, such as a wav2vec 2.0.")
    private Integer beam;

    /**
     * 0 if there is no search.
     *
     * @throws ParameterException if one is asked for that the model has not, or that is too wide
     */
    int width(SpeechRecognizer recognizer) {
        if (beam != null && !(recognizer.model().encoder().writer() instanceof FrameWriter)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--beam is for models with CTC, which write by frames; " + recognizer.name()
                            + " writes token by token");
        }
        if (beam != null && beam > MOST) {
            throw new ParameterException(
                    spec.commandLine(), "--beam " + beam + ": at most " + MOST + " beginnings can be kept");
        }
        return beam == null ? 0 : beam;
    }
}
