/** {@code bench load}: a server of ours under open-loop load, its controllers side by side. */
package io.tokenwise.bench.load;
