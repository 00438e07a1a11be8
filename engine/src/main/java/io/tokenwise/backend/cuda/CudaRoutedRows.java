package io.tokenwise.backend.cuda;

/** Those of a {@link CudaRouting}: where on the device their order lies, and how many of them there are. */
final class CudaRoutedRows {
    private long order;
    private long counts;
    private long total;

    /**
     * @param newCounts the address of a number for each slice, how many of the first entries of the order use it
     * @param newTotal the address of the number of entries
     */
    void become(long newOrder, long newCounts, long newTotal) {
        order = newOrder;
        counts = newCounts;
        total = newTotal;
    }

    long order() {
        return order;
    }

    long counts() {
        return counts;
    }

    long total() {
        return total;
    }
}
