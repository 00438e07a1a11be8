package io.tokenwise.lint;

import com.sun.source.util.JavacTask;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.module.ModuleFinder;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * Error Prone's errors in the sources of modules that have been compiled. It is not part of compiling: Maven would give each of some forty
 * compilations an Error Prone of its own, which starts cold and takes twice as long as the compiler, on one core. Here it lies on the class path of the JVM, from
 * which all compilations have it, as many at a time as there are cores.
 */
final class Lint {
    /** Its warnings are about style; what it asks of callers with @MustBeClosed, javac's lint of resources asks too. */
    private static final List<String> OPTIONS = List.of(
            "-Xplugin:ErrorProne -XepDisableAllWarnings -Xep:MustBeClosedChecker:OFF",
            "-XDcompilePolicy=simple",
            "--should-stop=ifError=FLOW",
            "--add-modules=jdk.incubator.vector",
            "-proc:none",
            "-nowarn");

    private static final String MODULE = "tokenwise.linted";

    /** On the class path there is one module, without a name, and what is sealed across packages is an error of javac's. */
    private static final String NEEDS_NAME = "compiler.err.class.in.unnamed.module.cant.extend.sealed.in.diff.package";

    private Lint() {}

    /** The main or test sources of a module, and what they are compiled against. */
    private record Sources(List<Path> files, String classPath) {
        static Stream<Sources> in(Path folder) {
            try {
                var libraries = Files.readString(folder.resolve("target/test-classpath"));
                var own = folder.resolve("target/classes") + File.pathSeparator;
                return Stream.of(
                        new Sources(files(folder.resolve("src/main/java")), libraries.strip()),
                        new Sources(files(folder.resolve("src/test/java")), own + libraries.strip()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static List<Path> files(Path root) throws IOException {
            if (!Files.isDirectory(root)) {
                return List.of();
            }
            try (var all = Files.walk(root)) {
                return all.filter(file -> file.toString().endsWith(".java") && !file.endsWith("module-info.java"))
                        .toList();
            }
        }

        /** What Error Prone, or javac, says of them: a line or more each, with file and line. */
        List<String> faults() throws IOException {
            var diagnostics = diagnostics(false);
            if (diagnostics.stream().anyMatch(said -> said.getCode().equals(NEEDS_NAME))) {
                diagnostics = diagnostics(true);
            }
            return diagnostics.stream().map(Object::toString).toList();
        }

        /** In a module with a name, whose packages must not lie in those of the class path, or in none. */
        private List<? extends Diagnostic<?>> diagnostics(boolean named) throws IOException {
            var compiler = ToolProvider.getSystemJavaCompiler();
            var said = new DiagnosticCollector<JavaFileObject>();
            try (var manager = compiler.getStandardFileManager(said, Locale.ROOT, null)) {
                var options = new ArrayList<>(OPTIONS);
                options.addAll(List.of("-classpath", classPath));
                var inputs = new ArrayList<JavaFileObject>();
                manager.getJavaFileObjectsFromPaths(files).forEach(inputs::add);
                if (named) {
                    options.add("--add-reads=" + MODULE + "=ALL-UNNAMED");
                    inputs.add(moduleThatReadsAll());
                }
                ((JavacTask) compiler.getTask(null, manager, said, options, null, inputs)).analyze();
            }
            return said.getDiagnostics().stream()
                    .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
                    .toList();
        }
    }

    private static JavaFileObject moduleThatReadsAll() {
        var text = ModuleFinder.ofSystem().findAll().stream()
                .map(module -> module.descriptor().name())
                .filter(name -> !name.equals("java.base"))
                .collect(Collectors.joining("; requires ", "module " + MODULE + " { requires ", "; }"));
        return new SimpleJavaFileObject(URI.create("string:///module-info.java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return text;
            }
        };
    }

    /** What is wrong in the sources of modules, in whose folders {@code target/test-classpath} says what they are compiled against. */
    static List<String> faults(List<Path> folders) throws InterruptedException, ExecutionException {
        var largestFirst = folders.stream()
                .flatMap(Sources::in)
                .filter(sources -> !sources.files.isEmpty())
                .sorted(Comparator.comparing(sources -> -sources.files.size()))
                .toList();
        var faults = new ArrayList<String>();
        try (var threads = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
            var looking = largestFirst.stream()
                    .map(sources -> threads.submit(sources::faults))
                    .toList();
            for (var found : looking) {
                faults.addAll(found.get());
            }
        }
        return faults;
    }

    /** Takes the folders of modules. Ends with 1 if there is a fault. */
    public static void main(String... folders) throws InterruptedException, ExecutionException {
        var faults = faults(Stream.of(folders).map(Path::of).toList());
        faults.forEach(System.err::println);
        System.out.println("Error Prone: " + faults.size() + " faults in " + folders.length + " modules");
        System.exit(faults.isEmpty() ? 0 : 1);
    }
}
