package io.tokenwise.testmodels;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;

/**
 * The Java examples of a page of docs, as they stand, compiled by the class path of the test.
 *
 * @param names of their classes, in the order of the page
 * @param folder of the class files
 */
public record PageExamples(List<String> names, Path folder) {
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\\n(.*?class (\\w+) .*?)```", Pattern.DOTALL);

    /**
     * Compiles all.
     *
     * @throws IllegalStateException if javac finds an error, which it prints
     */
    public static PageExamples compile(Path page, Path folder) throws IOException {
        var names = new ArrayList<String>();
        var arguments = new ArrayList<>(
                List.of("-proc:none", "-cp", System.getProperty("java.class.path"), "-d", folder.toString()));
        for (MatchResult block :
                JAVA_BLOCK.matcher(Files.readString(page)).results().toList()) {
            names.add(block.group(2));
            Path source = Files.writeString(folder.resolve(block.group(2) + ".java"), block.group(1));
            arguments.add(source.toString());
        }
        if (ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new)) != 0) {
            throw new IllegalStateException(page + ": its examples do not compile: " + names);
        }
        return new PageExamples(names, folder);
    }

    /** Runs a class's main method, and returns what it prints. */
    public String run(String name, String... arguments) throws IOException, ReflectiveOperationException {
        PrintStream stdout = System.out;
        var written = new ByteArrayOutputStream();
        try (var loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, PageExamples.class.getClassLoader())) {
            System.setOut(new PrintStream(written, true, StandardCharsets.UTF_8));
            var main = loader.loadClass(name).getDeclaredMethod("main", String[].class);
            main.setAccessible(true);
            main.invoke(null, (Object) arguments);
        } finally {
            System.setOut(stdout);
        }
        return written.toString(StandardCharsets.UTF_8);
    }
}
