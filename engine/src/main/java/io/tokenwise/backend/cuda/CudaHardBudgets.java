package io.tokenwise.backend.cuda;

import io.tokenwise.backend.HardBudgets;
import java.util.Arrays;

/** What texts have left lies on the device, where gates spend it. The host knows what they were granted. */
final class CudaHardBudgets implements HardBudgets {
    private static final long NOT_BOUND = -1;

    private final Launches launches;
    private int[] offsets;
    private int texts;

    /** With those of their bucket, which have no rows. */
    private int told;

    /** Since the last gate. */
    private long[] granted = new long[0];

    /** Altogether. */
    private long[] all = new long[0];

    /** Whether no gate has been asked: the device's numbers are those of an earlier batch. */
    private boolean isFresh;

    private int room;
    private long left;

    CudaHardBudgets(Launches launches) {
        this.launches = launches;
    }

    static CudaHardBudgets of(HardBudgets budgets) {
        if (budgets instanceof CudaHardBudgets own) {
            return own;
        }
        throw new IllegalArgumentException("the hard budgets are of a stream of another backend");
    }

    @Override
    public void begin(int[] newOffsets, int newTexts) {
        offsets = newOffsets;
        texts = newTexts;
        told = Bucket.of(texts);
        if (room < told) {
            int larger = Math.max(told, 2 * room);
            granted = new long[larger];
            all = new long[larger];
            left = launches.keep((long) larger * Long.BYTES);
            room = larger;
        }
        Arrays.fill(granted, 0, told, NOT_BOUND);
        Arrays.fill(all, 0, texts, 0);
        isFresh = true;
    }

    @Override
    public void grant(int text, long multiplyAdds) {
        granted[text] = Math.max(granted[text], 0) + multiplyAdds;
        all[text] += multiplyAdds;
    }

    @Override
    public long atMost(int text) {
        return all[text];
    }

    /** Where on the device lies what texts were granted since the last gate, which is told now. */
    long granted() {
        long address = launches.upload(granted, told);
        for (int text = 0; text < texts; text++) {
            granted[text] = Math.min(granted[text], 0);
        }
        return address;
    }

    /** Whether this gate is the batch's first. */
    boolean takeFresh() {
        boolean was = isFresh;
        isFresh = false;
        return was;
    }

    /** The gate kernel's parameters. */
    void tell() {
        launches.offsets(offsets, texts).pointer(left).integer(told);
    }
}
