/** Small models with random weights, and the examples of pages, for tests that are not the engine's. */
package io.tokenwise.testmodels;
