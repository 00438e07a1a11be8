package io.tokenwise.cli;

import java.io.InputStream;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The root command: lists the others. */
@Command(
        name = "tokenwise",
        versionProvider = BuildProperties.class,
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "Embeds and classifies text, classifies images and transcribes speech with transformers that spend compute"
                    + " token by token.",
            "",
            "An adaptive model lets tokens leave that matter little and narrows layers, or holds small learners in"
                    + " place of MLPs and attention projections. A gate decides token by token, and a budget between"
                    + " 0 and 1, given with each call, says how much a call may cost."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  tokenwise demo                                     what a budget saves and costs, in half a minute",
            "  echo 'a text' | tokenwise embed --budget 0.5      one JSON array a line",
            "  tokenwise transcribe talk.wav                      speech to text",
            "  tokenwise serve                                    answers OpenAI's clients over HTTP",
            "  tokenwise info minilm                              what a model holds",
            "  tokenwise COMMAND --help                           options and examples of a command",
            "",
            "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C."
        })
final class Tokenwise implements Runnable {
    private static final List<Class<?>> COMMANDS = List.of(
            Demo.class,
            Embed.class,
            Rerank.class,
            Ner.class,
            Fill.class,
            Transcribe.class,
            Distill.class,
            Finetune.class,
            Train.class,
            Classify.class,
            Eval.class,
            Info.class,
            Check.class,
            Serve.class,
            Fetch.class,
            ScriptCommands.Test.class,
            ScriptCommands.Bench.class,
            ScriptCommands.Fuzz.class,
            ScriptCommands.Install.class,
            ScriptCommands.Dist.class,
            ScriptCommands.Lock.class,
            ScriptCommands.Lint.class,
            ScriptCommands.Stress.class);

    /** What most commands read from standard input. */
    static final String LINES = "texts, one a line";

    private final InputStream in;
    private final boolean typed;

    @Mixin
    private Help help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Print the versions of Tokenwise and Java.")
    private boolean version;

    @Spec
    private CommandSpec spec;

    private Tokenwise(InputStream in, boolean typed) {
        this.in = in;
        this.typed = typed;
    }

    /**
     * The command line, ready to execute {@code args}. Results go to {@code out} and all else to {@code err}; {@code execute} never
     * throws and returns the exit code.
     *
     * @param typed whether {@code in} is a terminal
     */
    static CommandLine commandLine(InputStream in, boolean typed, PrintWriter out, PrintWriter err, String... args) {
        var mistakes = new Mistakes();
        var line = new CommandLine(new Tokenwise(in, typed));
        commands(args).forEach(line::addSubcommand);
        CommonOptions.describeModels(line);
        return line.setOut(out)
                .setErr(err)
                .setExecutionStrategy(mistakes)
                .setParameterExceptionHandler(mistakes)
                .setExecutionExceptionHandler(mistakes)
                .setUsageHelpAutoWidth(false)
                .setUsageHelpWidth(100);
    }

    /** The one that is named first, or else all: describing each takes picocli some 10 ms in a JVM that has just started. */
    private static List<Class<?>> commands(String... args) {
        for (Class<?> command : COMMANDS) {
            if (args.length > 0 && command.getAnnotation(Command.class).name().equals(args[0])) {
                return List.of(command);
            }
        }
        return COMMANDS;
    }

    /**
     * Standard input. At a terminal it is told what is waited for.
     *
     * @param what the command reads from it
     */
    InputStream in(String what) {
        return typed
                ? new TypedInput(
                        in,
                        "reads from the terminal: " + what + "; Ctrl-D ends",
                        spec.commandLine().getErr())
                : in;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command given");
    }

    /** What every command has: its help. */
    static final class Help {
        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Print this help.")
        private boolean help;
    }
}
