package io.tokenwise.cli;

import java.util.Arrays;
import java.util.List;

/**
 * How far transcripts are from what was said: the fewest words that must be substituted, deleted and inserted. Where several alignments have
 * equally few errors, it is the one with most substitutions. Of many texts it is their sum, so that each word counts the same.
 *
 * @param words how many were said
 */
record WordErrorRate(long words, long substitutions, long deletions, long insertions) {
    static final WordErrorRate NONE = new WordErrorRate(0, 0, 0, 0);

    /** An error is worth this much in a score, and 1 less if it is a substitution. */
    private static final long ERROR = 1L << 32;

    /** Compares texts as {@link SpokenWords}. */
    static WordErrorRate of(String said, String transcript) {
        return of(SpokenWords.of(said), SpokenWords.of(transcript));
    }

    /** The same by characters, of which a space stands between two words. */
    static WordErrorRate ofCharacters(String said, String transcript) {
        return of(characters(said), characters(transcript));
    }

    private static List<String> characters(String text) {
        return String.join(" ", SpokenWords.of(text))
                .codePoints()
                .mapToObj(Character::toString)
                .toList();
    }

    /** Levenshtein's distance; memory is one row, so texts of hours may be compared. */
    static WordErrorRate of(List<String> said, List<String> heard) {
        var row = new long[heard.size() + 1];
        Arrays.setAll(row, inserted -> inserted * ERROR);
        for (String word : said) {
            long diagonal = row[0];
            row[0] += ERROR;
            for (int i = 1; i < row.length; i++) {
                long substituted = diagonal + (word.equals(heard.get(i - 1)) ? 0 : ERROR - 1);
                diagonal = row[i];
                row[i] = Math.min(substituted, Math.min(row[i], row[i - 1]) + ERROR);
            }
        }
        return of(said.size(), heard.size(), row[heard.size()]);
    }

    /** As many words more were heard than said as there are insertions more than deletions. */
    private static WordErrorRate of(int said, int heard, long score) {
        long errors = Math.ceilDiv(score, ERROR);
        long substitutions = errors * ERROR - score;
        long deletions = (errors - substitutions + said - heard) / 2;
        return new WordErrorRate(said, substitutions, deletions, errors - substitutions - deletions);
    }

    WordErrorRate plus(WordErrorRate other) {
        return new WordErrorRate(
                words + other.words,
                substitutions + other.substitutions,
                deletions + other.deletions,
                insertions + other.insertions);
    }

    long errors() {
        return substitutions + deletions + insertions;
    }

    /** Errors for each word that was said, which may be more than 1; not a finite number if nothing was. */
    double rate() {
        return (double) errors() / words;
    }
}
