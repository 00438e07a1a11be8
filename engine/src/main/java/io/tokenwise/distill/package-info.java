/** Turning a dense encoder into an adaptive one: the three phases, losses, budgets, checkpoints, calibration. */
package io.tokenwise.distill;
