/** The queue in front of models: deadlines, batches, admission, and a latency target held by the budget. */
module io.tokenwise.serving {
    requires transitive io.tokenwise.engine;

    exports io.tokenwise.serving;
}
