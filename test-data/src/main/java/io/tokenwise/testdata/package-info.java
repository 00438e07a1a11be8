/** The real models and texts that tests, benchmarks and the demo use. */
package io.tokenwise.testdata;
