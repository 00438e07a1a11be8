package io.tokenwise.model;

/**
 * What makes logits of all words of a token's vector, as masked language models were pre-trained with it: {@code layer(h) E^T + c}, where E is the embeddings' table of words.
 *
 * @param layer that a token's vector goes through first
 * @param bias the tensor c
 */
public record WordsForm(HeadForm.Layer layer, String bias) {}
