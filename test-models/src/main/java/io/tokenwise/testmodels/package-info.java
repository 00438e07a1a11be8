/** Small models with random weights, for tests that are not the engine's. */
package io.tokenwise.testmodels;
