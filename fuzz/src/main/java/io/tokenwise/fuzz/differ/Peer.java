package io.tokenwise.fuzz.differ;

import java.io.IOException;

/** Another program that reads a kind of file. */
interface Peer extends AutoCloseable {
    /** Its name and version. */
    String version();

    Answer read(byte[] file) throws IOException;

    @Override
    void close();

    /** Starts one. */
    interface Starter {
        /** @throws MissingPeerException if it is not installed here */
        Peer start() throws IOException;
    }
}
