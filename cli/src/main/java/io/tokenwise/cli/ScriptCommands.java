package io.tokenwise.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/**
 * Commands that the {@code ./tokenwise} script runs by itself, because nothing may depend on the modules that hold them. They
 * stand here so that help lists them.
 */
abstract class ScriptCommands implements Runnable {
    @Mixin
    private Tokenwise.Help help;

    @Spec
    private CommandSpec spec;

    @Unmatched
    private String[] arguments;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "'" + spec.name() + "' is run by the script: ./tokenwise " + spec.name());
    }

    @Command(
            name = "test",
            header = "Run the test suite.",
            customSynopsis = "./tokenwise test [MODULE] [MAVEN OPTIONS]",
            description = "Runs every test, or those of MODULE and of the modules that it needs.",
            footerHeading = "%nExamples:%n",
            footer = {"  ./tokenwise test", "  ./tokenwise test kernels", "  ./tokenwise test cli -Dtest=SpearmanTest"})
    static final class Test extends ScriptCommands {}

    @Command(
            name = "bench",
            header = "Measure speed side by side with peers.",
            customSynopsis = "./tokenwise bench [OPTIONS]",
            description = "Times Tokenwise and its peers on the same texts in one run; ./tokenwise bench --help has the"
                    + " options.")
    static final class Bench extends ScriptCommands {}

    @Command(
            name = "fuzz",
            header = "Give every reader hostile files.",
            customSynopsis = {
                "./tokenwise fuzz [TARGET...] --minutes N",
                "./tokenwise fuzz TARGET --replay FILE",
                "./tokenwise fuzz --list"
            },
            description = "Changes files at random and by how each kind is built, and sees that readers read them or"
                    + " refuse them in a line; ./tokenwise fuzz --help has the options.")
    static final class Fuzz extends ScriptCommands {}

    @Command(
            name = "install",
            header = "Put the libraries into the local Maven repository.",
            customSynopsis = "./tokenwise install [MAVEN OPTIONS]",
            description =
                    "Builds, without tests, all that a Java project may depend on, and installs it as io.tokenwise:*.",
            footerHeading = "%nExamples:%n",
            footer = {"  ./tokenwise install", "  ./tokenwise install -Dmaven.repo.local=FOLDER"})
    static final class Install extends ScriptCommands {}

    @Command(
            name = "dist",
            header = "Make what is published: jars, and a tar that needs no Java.",
            customSynopsis = {
                "./tokenwise dist [FOLDER]",
                "./tokenwise dist --check",
                "./tokenwise dist --fresh [PROJECT...]"
            },
            description = {
                "Leaves in FOLDER (target/dist) a Maven repository with sources, Javadoc and bills of materials, the"
                        + " command with its own Java runtime as a tar, licences, and SHA-256 sums.",
                "--check builds twice, in two folders, and compares every byte; --fresh installs into an empty"
                        + " repository and builds projects outside of the sources by the lines of the README and of"
                        + " docs/spark.md: engine, langchain4j, spring and spark, or those named."
            })
    static final class Dist extends ScriptCommands {}

    @Command(
            name = "lock",
            header = "Write down what builds fetch, with its SHA-256.",
            customSynopsis = {"./tokenwise lock", "./tokenwise lock --check"},
            description =
                    "Fills an empty repository and renews .mvn/checksums.sha256, by which Maven refuses what differs;"
                            + " --check compares the local repository with it.")
    static final class Lock extends ScriptCommands {}

    @Command(
            name = "lint",
            header = "Look at every source: its format, and what javac and Error Prone know to be wrong.",
            customSynopsis = "./tokenwise lint [MAVEN OPTIONS]",
            description = "Compiles what changed; ./tokenwise mvn spotless:apply mends formats.",
            footerHeading = "%nExamples:%n",
            footer = {"  ./tokenwise lint", "  ./tokenwise lint -P stress,openai-clients"})
    static final class Lint extends ScriptCommands {}

    @Command(
            name = "stress",
            header = "Look for orders of threads and instructions that break something.",
            customSynopsis = {
                "./tokenwise stress [NAME] [--minutes N]",
                "./tokenwise stress --tests MODULE CLASS... [--times N] [--bytes N,N]"
            },
            description =
                    "Runs what threads share under JCStress, for 10 minutes; or test classes again and again (1000"
                            + " times), with vectors of at most 16, 32 and 64 bytes (those of --bytes that the CPU has) and"
                            + " C2's order of instructions chosen by chance.",
            footerHeading = "%nExamples:%n",
            footer = {
                "  ./tokenwise stress Pool --minutes 2",
                "  ./tokenwise stress --tests kernels io.tokenwise.kernels.GemmTest --times 100"
            })
    static final class Stress extends ScriptCommands {}
}
