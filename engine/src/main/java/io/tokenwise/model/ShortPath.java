package io.tokenwise.model;

import io.tokenwise.acm.Leaving;
import java.util.List;

/**
 * The way through a model for inputs whose budget is less than all: tokens leave, and layers of the same sizes as the dense model's, which learnt to do without them, run over
 * the others. At full budget the dense model's own layers run.
 */
record ShortPath<L>(Leaving leaving, List<L> layers) {}
