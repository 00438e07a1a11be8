package io.tokenwise.model;

/**
 * What makes logits of all words of a token's vector, as masked language models were pre-trained with it: {@code layer(h) E^T + c}, where E is the embeddings' table of words, or one of its own.
 *
 * @param layer that a token's vector goes through first
 * @param bias the tensor c
 * @param table the tensor E where that is one of its own
 * @param tied whether it is the embeddings' instead
 */
public record WordsForm(HeadForm.Layer layer, String bias, String table, boolean tied) {
    /** With the embeddings' table, as is usual. */
    public WordsForm(HeadForm.Layer layer, String bias, String table) {
        this(layer, bias, table, true);
    }

    /** The same with a table of its own. */
    WordsForm untied() {
        return new WordsForm(layer, bias, table, false);
    }
}
