/** {@code bench faults}: trainings that are killed again and again, and what they end with. */
package io.tokenwise.bench.faults;
