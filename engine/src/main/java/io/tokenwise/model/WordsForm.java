package io.tokenwise.model;

/**
 * What makes logits of all words of a token's vector, as masked language models were pre-trained with it: {@code transform(h) E^T + c}, where E is the embeddings' table of words.
 *
 * @param transform of the token's vector
 * @param bias the tensor c
 */
public record WordsForm(HeadTransform transform, String bias) {}
