package io.tokenwise.api;

/**
 * What an engine tells of itself by JMX, if {@link EngineOptions#management} says so: {@code io.tokenwise:type=Engine,id=1}, or with the next number that is free. Thread-safe.
 *
 * <p>Totals count from when it was opened, over all models, closed ones included, and never fall. A call is what takes one of {@link #getConcurrentCalls}: most calls of a model are one, but it is more
 * where texts are split, words are filled in several texts, queries are compared with documents, or speech has several segments. Calls that warm up count too.
 */
public interface EngineMXBean {
    /** {@return what computes} */
    String getBackend();

    /** {@return the type in which it multiplies matrices} */
    String getPrecision();

    /** {@return threads that take part in one call at most} */
    int getThreads();

    /** {@return the names of the models that are open} */
    String[] getModels();

    /** {@return calls that run at the same time at most} */
    int getConcurrentCalls();

    /** {@return calls that run now} */
    int getRunningCalls();

    /** {@return calls that wait now: for others to end, or for a thread of those that do not compute themselves} */
    int getWaitingCalls();

    /** {@return native memory of the calls, in bytes; weights are not in it} */
    long getWorkspaceBytes();

    /** {@return calls that have given what was asked for} */
    long getAnsweredCalls();

    /** {@return calls that were refused because too many waited already} */
    long getRefusedCalls();

    /** {@return calls whose deadline passed} */
    long getExpiredCalls();

    /** {@return calls whose future was cancelled before it was done} */
    long getCancelledCalls();

    /** {@return calls that failed for another reason: a budget that the model cannot keep, an interrupt, or because it was closed} */
    long getFailedCalls();

    /** {@return texts, parts of those that were split, images, and segments of speech that models have computed, also for calls that failed later} */
    long getComputedInputs();

    /** {@return tokens of these: of texts with the special ones, of images the patches and the class token, of speech the frames} */
    long getComputedTokens();
}
