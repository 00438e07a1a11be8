/** {@code bench scale}: what a job over billions of texts takes on a cluster, simulated from measured costs of texts. */
package io.tokenwise.bench.scale;
