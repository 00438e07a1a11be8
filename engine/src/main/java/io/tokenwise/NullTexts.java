package io.tokenwise;

import java.util.List;
import java.util.Objects;

/** Refuses null texts by their numbers, before anything is computed. */
final class NullTexts {
    private NullTexts() {}

    /**
     * Looks through texts.
     *
     * @param call what is asked, as the message is to name it
     * @throws NullPointerException if a text, or the list, is null; the message names the first
     */
    static void refuse(String call, List<String> texts) {
        Objects.requireNonNull(texts, () -> call + ": the list of texts is null");
        int at = 0;
        for (String text : texts) {
            at++;
            if (text == null) {
                throw new NullPointerException(
                        call + ": text " + at + " of " + texts.size() + " is null; leave it out, or give \"\"");
            }
        }
    }

    /**
     * Looks at a single text.
     *
     * @param call what is asked, as the message is to name it
     * @param name of the text, such as "the query"
     * @throws NullPointerException if it is null
     */
    static void refuse(String call, String name, String text) {
        if (text == null) {
            throw new NullPointerException(call + ": " + name + " is null");
        }
    }
}
