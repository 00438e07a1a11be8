/** Blocks whose work for each token is cut into learners: MLPs and attentions, with a forward for inference and one for training. */
package io.tokenwise.acm.block;
