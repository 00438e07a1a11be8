package io.tokenwise.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Text of lines and fields: both are dropped, doubled, moved, taken from another file; quotes and marks stand where they should not. */
final class LinesForm implements Form {
    private static final List<String> MARKS = List.of(
            "\"",
            "\"\"",
            ",",
            "\t",
            "\r",
            "\r\n",
            "\n",
            "\ufeff",
            "\u0000",
            "\u2028",
            "\ud83d\ude00",
            "\\",
            "#",
            "=1+1",
            " ");

    private final List<String> endings;
    private final Form json = new JsonForm("");

    LinesForm(String... endings) {
        this.endings = List.of(endings);
    }

    @Override
    public boolean fits(String file) {
        return endings.stream().anyMatch(file::endsWith);
    }

    @Override
    public byte[] changed(byte[] bytes, byte[] other, SplittableRandom random) {
        // As bytes that are characters, so that what is no UTF-8 stays what it is.
        var lines = new ArrayList<>(lines(bytes));
        List<String> theirs = lines(other);
        int at = random.nextInt(lines.size());
        String line = lines.get(at);
        switch (random.nextInt(8)) {
            case 0 -> lines.remove(at);
            case 1 -> lines.add(random.nextInt(lines.size() + 1), line);
            case 2 -> lines.add(at, theirs.get(random.nextInt(theirs.size())));
            case 3 -> lines.set(at, withMark(line, random));
            case 4 -> lines.set(at, withoutField(line, random));
            case 5 -> lines.set(at, line.repeat(random.nextInt(40)));
            default -> lines.set(at, text(json.changed(raw(line), raw(line), random)));
        }
        return raw(String.join("\n", lines));
    }

    private static List<String> lines(byte[] bytes) {
        return List.of(text(bytes).split("\n", -1));
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static byte[] raw(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String withMark(String line, SplittableRandom random) {
        int at = random.nextInt(line.length() + 1);
        String mark = MARKS.get(random.nextInt(MARKS.size()));
        return line.substring(0, at) + text(mark.getBytes(StandardCharsets.UTF_8)) + line.substring(at);
    }

    private static String withoutField(String line, SplittableRandom random) {
        String separator = line.contains("\t") ? "\t" : ",";
        var fields = new ArrayList<>(List.of(line.split(separator, -1)));
        int at = random.nextInt(fields.size());
        if (random.nextBoolean()) {
            fields.remove(at);
        } else {
            fields.add(at, fields.get(random.nextInt(fields.size())));
        }
        return String.join(separator, fields);
    }
}
