package io.tokenwise.acm.choose;

import io.tokenwise.backend.HardBudgets;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;

/** The hard budgets of the batch that a pass is over: working memory of a pass. */
final class BatchBudgets {
    private HardBudgets budgets;

    /** Of the batch that they are about. */
    private int batchNumber;

    static HardBudgets of(Pass pass) {
        BatchBudgets memory = pass.memory(BatchBudgets.class, BatchBudgets::new);
        if (memory.budgets == null) {
            memory.budgets = pass.stream().hardBudgets();
        }
        if (memory.batchNumber != pass.batchNumber()) {
            memory.batchNumber = pass.batchNumber();
            TokenBatch batch = pass.batch();
            memory.budgets.begin(batch.offsets(), batch.sequences());
        }
        return memory.budgets;
    }
}
