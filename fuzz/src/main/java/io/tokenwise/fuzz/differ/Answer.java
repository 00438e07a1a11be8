package io.tokenwise.fuzz.differ;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * What a program says of a file.
 *
 * @param content what it has read, in the form of its kind; why not, if it was refused
 */
record Answer(boolean refused, byte[] content) {
    static Answer read(byte[] content) {
        return new Answer(false, content);
    }

    static Answer read(String lines) {
        return read(lines.getBytes(StandardCharsets.UTF_8));
    }

    static Answer refusal(String why) {
        return new Answer(true, why.getBytes(StandardCharsets.UTF_8));
    }

    /** Of files that are valid: who refuses one is wrong; if both do, then who has made it. */
    static Optional<String> refusal(Answer ours, Answer theirs) {
        if (ours.refused && theirs.refused) {
            return Optional.of("both refuse it: " + ours.text() + " | " + theirs.text());
        }
        if (ours.refused) {
            return Optional.of("we refuse it: " + ours.text());
        }
        return theirs.refused ? Optional.of("they refuse it: " + theirs.text()) : Optional.empty();
    }

    /** Where two are to be the same bytes. */
    static Optional<String> difference(Answer ours, Answer theirs) {
        Optional<String> refusal = refusal(ours, theirs);
        int at = Arrays.mismatch(ours.content, theirs.content);
        return refusal.isPresent() || at < 0
                ? refusal
                : Optional.of("byte " + at + " differs, of " + ours.content.length + " and " + theirs.content.length);
    }

    String text() {
        return new String(content, StandardCharsets.UTF_8);
    }
}
