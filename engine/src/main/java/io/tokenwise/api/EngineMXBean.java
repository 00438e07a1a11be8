package io.tokenwise.api;

/** What an engine tells of itself by JMX, if {@link EngineOptions#management} says so: {@code io.tokenwise:type=Engine,id=1}, or with the next number that is free. */
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
}
