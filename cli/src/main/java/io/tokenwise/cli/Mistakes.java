package io.tokenwise.cli;

import io.tokenwise.api.BadFileException;
import io.tokenwise.train.DivergedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.concurrent.CancellationException;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IExecutionStrategy;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what went wrong into one line on stderr and an exit code; {@code --verbose} adds the stack trace. */
final class Mistakes implements IExecutionStrategy, IParameterExceptionHandler, IExecutionExceptionHandler {
    /** What a shell reports for a process that Ctrl-C stopped. */
    private static final int STOPPED = 130;

    @Override
    public int handleParseException(ParameterException mistake, String[] args) {
        CommandLine command = mistake.getCommandLine();
        String text = oneLine(mistake.getMessage());
        if (mistake instanceof UnmatchedArgumentException unmatched) {
            if (command.getParent() == null && !unmatched.isUnknownOption()) {
                text = oneLine(
                        "there is no command '" + unmatched.getUnmatched().getFirst() + "'");
            }
            var guesses = unmatched.getSuggestions();
            if (!guesses.isEmpty()) {
                text += "; did you mean " + String.join(" or ", guesses) + "?";
            }
        }
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().println(name + ": " + text + " (" + name + " --help says what is possible)");
        return ExitCode.USAGE;
    }

    /** Runs the command that was asked for. Picocli lets errors, such as a full heap, through its own handling. */
    @Override
    public int execute(ParseResult parsed) {
        try {
            return new RunLast().execute(parsed);
        } catch (OutOfMemoryError | StackOverflowError failure) {
            return report(failure, parsed.asCommandLineList().getLast(), parsed);
        }
    }

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) {
        return report(failure, command, parsed);
    }

    private static int report(Throwable failure, CommandLine command, ParseResult parsed) {
        var err = command.getErr();
        String name = command.getCommandSpec().qualifiedName();
        if (isStop(failure)) {
            err.println(name + ": stopped");
            return STOPPED;
        }
        boolean verbose = parsed.originalArgs().contains("--verbose");
        err.println(name + ": " + describe(failure) + (isOurs(failure) || verbose ? "" : " (--verbose shows where)"));
        if (verbose) {
            failure.printStackTrace(err);
        }
        return ExitCode.SOFTWARE;
    }

    private static boolean isStop(Throwable failure) {
        return failure instanceof InterruptedException
                || failure instanceof CancellationException
                || failure instanceof ClosedByInterruptException
                || (failure.getCause() != null && isStop(failure.getCause()));
    }

    /** Whether the failure's own message tells the user what was wrong, as those of checked arguments and files do. */
    private static boolean isOurs(Throwable failure) {
        return failure.getMessage() != null
                && (failure instanceof BadFileException
                        || failure instanceof DivergedException
                        || failure instanceof IllegalArgumentException
                        || failure instanceof IOException
                        || failure instanceof UncheckedIOException);
    }

    /** The failure in one line for the user. */
    static String describe(Throwable failure) {
        return oneLine(
                switch (failure) {
                    case UncheckedIOException e
                    when e.getCause() != null
                            && e.getMessage().equals(e.getCause().toString()) -> describe(e.getCause());
                    case NoSuchFileException e -> "no such file or directory: " + e.getFile();
                    case AccessDeniedException e -> "no permission: " + e.getFile();
                    case FileAlreadyExistsException e -> "already exists: " + e.getFile();
                    case NotDirectoryException e -> "not a directory: " + e.getFile();
                    case CharacterCodingException _ -> "the input is not valid UTF-8";
                    // A worker's error comes back as a new one without a message.
                    case OutOfMemoryError e -> "out of memory" + (e.getMessage() == null ? "" : ": " + e.getMessage());
                    default ->
                        isOurs(failure)
                                ? failure.getMessage()
                                : failure.getClass().getSimpleName()
                                        + (failure.getMessage() == null ? "" : ": " + failure.getMessage());
                });
    }

    private static String oneLine(String message) {
        return message.strip().replaceAll("\\s*\\R\\s*", "; ");
    }
}
