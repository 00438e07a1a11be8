package io.tokenwise.model;

import io.tokenwise.nn.NormForm;

/**
 * What a head does to each token's vector before its last layer: {@code norm(gelu(dense(h)))}, of the same width.
 *
 * @param dense the tensors of the linear layer, such as {@code cls.predictions.transform.dense}
 * @param biased whether it has a bias
 * @param norm the tensors of the norm
 */
public record HeadTransform(String dense, boolean biased, String norm, NormForm form) {}
