/** The queue in front of models: deadlines, batches, admission, and a latency target held by the budget. */
package io.tokenwise.serving;
