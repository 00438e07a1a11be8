package io.tokenwise.model;

import io.tokenwise.tokenizer.Tokenizer;
import java.util.Arrays;

/** What Qwen3-Reranker is asked of a query and a document: words that its makers chose, which no file of it has. */
final class Question {
    /** The answers that it knows. */
    static final String YES = "yes";

    static final String NO = "no";

    private static final String BEFORE = "<|im_start|>system\n"
            + "Judge whether the Document meets the requirements based on the Query and the Instruct provided."
            + " Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n"
            + "<|im_start|>user\n";

    private static final String INSTRUCT = "<Instruct>: ";

    /** What is asked for where no prompt says it. */
    private static final String USUAL = "Given a web search query, retrieve relevant passages that answer the query";

    private static final String QUERY = "\n<Query>: ";
    private static final String DOCUMENT = "\n<Document>: ";

    private static final String AFTER = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";

    private Question() {}

    /**
     * The tokens of a question; of what is between the words around it the end is cut.
     *
     * @param prompt what is asked for; empty for the usual
     * @param most tokens
     * @throws IllegalArgumentException if the words around it leave no room
     */
    static Tokenizer.Encoded encode(Tokenizer tokenizer, String prompt, String query, String document, int most) {
        int[] before = tokenizer.encodeAll(BEFORE);
        int[] after = tokenizer.encodeAll(AFTER);
        int room = most - before.length - after.length;
        if (room < 1) {
            throw new IllegalArgumentException("a question has " + (before.length + after.length)
                    + " tokens around a query and a document, the model reads " + most);
        }
        String instruct = INSTRUCT + (prompt.isEmpty() ? USUAL : prompt);
        int[] asked = tokenizer.encodeFirst(instruct + QUERY + query + DOCUMENT + document, room);
        int count = Math.min(asked.length, room);
        int[] ids = Arrays.copyOf(before, before.length + count + after.length);
        System.arraycopy(asked, 0, ids, before.length, count);
        System.arraycopy(after, 0, ids, before.length + count, after.length);
        return new Tokenizer.Encoded(ids, count < asked.length);
    }
}
