package io.tokenwise.acm.leave;

/**
 * What an input gets of a model with a short path: how many of its tokens stay, and how many of the layers are narrow ones. With all tokens and no narrow layer it is the
 * dense model.
 */
public record ShortPlan(int rows, int narrowLayers) {}
