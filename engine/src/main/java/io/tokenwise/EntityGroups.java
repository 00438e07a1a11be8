package io.tokenwise;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Makes entities of tokens' labels, as transformers does (src/transformers/pipelines/token_classification.py at 00e12e7c54598e50e7bef1540db3408f81916de1,
 * group_entities and aggregate_words). Labels have marks of the place within an entity, B, I, or none, and here also E and S, or L and U, which are
 * other marks there and so split entities.
 */
final class EntityGroups {
    private static final String OUTSIDE = "O";
    private static final String BEGINS = "BSU";
    private static final String GOES_ON = "IEL";

    private final Aggregation aggregation;
    private final IntPredicate continuesWord;
    private final boolean manyMarks;

    /**
     * @param continuesWord whether a token of this id goes on with the word of the one before it
     * @param labels that there are
     */
    EntityGroups(Aggregation aggregation, IntPredicate continuesWord, List<String> labels) {
        this.aggregation = aggregation;
        this.continuesWord = continuesWord;
        manyMarks = labels.stream().anyMatch(label -> label.startsWith("B-"));
    }

    /** A stretch of one label, of a token, a word or more. */
    private record Part(String label, double score, int start, int end) {}

    List<Entity> of(String text, List<LabelledToken> tokens) {
        List<Part> parts = parts(tokens);
        var entities = new ArrayList<Entity>();
        for (int from = 0; from < parts.size(); ) {
            int to = from + 1;
            String kind = kind(parts.get(from).label());
            while (to < parts.size()
                    && kind(parts.get(to).label()).equals(kind)
                    && !begins(parts.get(to).label())) {
                to++;
            }
            if (!kind.equals(OUTSIDE)) {
                entities.add(entity(text, kind, parts.subList(from, to)));
            }
            from = to;
        }
        return entities;
    }

    private List<Part> parts(List<LabelledToken> tokens) {
        var parts = new ArrayList<Part>();
        for (LabelledToken each : tokens) {
            TextToken token = each.token();
            boolean goesOn = aggregation == Aggregation.FIRST && !parts.isEmpty() && continuesWord.test(token.id());
            if (goesOn) {
                Part word = parts.removeLast();
                parts.add(new Part(word.label(), word.score(), word.start(), token.endChar()));
            } else {
                parts.add(new Part(each.label(), each.score(), token.startChar(), token.endChar()));
            }
        }
        return parts;
    }

    private static Entity entity(String text, String kind, List<Part> parts) {
        int start = parts.getFirst().start();
        int end = parts.getLast().end();
        // A tokenizer may count the space before a word as its.
        while (start < end && Character.isWhitespace(text.charAt(start))) {
            start++;
        }
        while (end > start && Character.isWhitespace(text.charAt(end - 1))) {
            end--;
        }
        double score = parts.stream().mapToDouble(Part::score).average().orElseThrow();
        return new Entity(kind, score, start, end, text.substring(start, end));
    }

    private boolean begins(String label) {
        return isMarked(label, manyMarks ? BEGINS : "B");
    }

    private String kind(String label) {
        boolean marked = begins(label) || isMarked(label, manyMarks ? GOES_ON : "I");
        return marked ? label.substring(2) : label;
    }

    private static boolean isMarked(String label, String marks) {
        return label.length() > 2 && label.charAt(1) == '-' && marks.indexOf(label.charAt(0)) >= 0;
    }
}
