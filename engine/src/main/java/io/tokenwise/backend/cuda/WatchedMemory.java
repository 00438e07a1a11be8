package io.tokenwise.backend.cuda;

/** A piece of device memory that one stream watches: whether it is as it was, so that what was made of it still holds. For one caller at a time. */
final class WatchedMemory {
    private long from;
    private long to;

    /** What {@link Launches#unseen} was then. */
    private long unseen;

    /**
     * Watches memory from the last launch on.
     *
     * @param before what {@link Launches#unseen} was before that was told
     */
    void begin(long address, long bytes, long before) {
        from = address;
        to = address + bytes;
        unseen = before;
    }

    /** Nothing is watched any more. */
    void end() {
        to = from;
    }

    /** The stream was told to write so many bytes. */
    void written(long address, long bytes) {
        if (address < to && from < address + bytes) {
            end();
        }
    }

    /**
     * Whether nothing that this or another stream was told may have changed what is watched, or have been lost since.
     *
     * @param now what {@link Launches#unseen} is
     */
    boolean isAsItWas(long now) {
        return from < to && unseen == now;
    }
}
