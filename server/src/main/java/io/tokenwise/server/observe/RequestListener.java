package io.tokenwise.server.observe;

/** Is told of requests, by many threads at once. It must be quick and throw nothing. */
public interface RequestListener {
    /** A request has been answered, well or not. */
    void served(ServedRequest request);

    /** No further one comes. */
    default void close() {}
}
