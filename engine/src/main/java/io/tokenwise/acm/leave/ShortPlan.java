package io.tokenwise.acm.leave;

/** What an input gets of a model with a short path: how many of its tokens stay, and which layers these go through. With all tokens and its own layers it is the dense model. */
public record ShortPlan(int rows, LayerMix layers) {}
