package io.tokenwise.model;

/**
 * What a model's inputs are to tokens that may leave.
 *
 * @param first how many tokens at an input's beginning always stay
 * @param last how many at its end
 * @param most tokens of the longest input
 * @param vocabulary how many words inputs are made of; 0 if they are no texts
 * @param patchesPerSide of images; 0 if inputs are something else
 */
public record LeavingTokens(int first, int last, int most, int vocabulary, int patchesPerSide) {}
