package io.tokenwise.api;

/** What an engine tells of itself by JMX, if {@link EngineOptions#management} says so: {@code io.tokenwise:type=Engine,id=1}, or with the next number that is free. */
public interface EngineMXBean {
    /** What computes. */
    String getBackend();

    /** The type in which it multiplies matrices. */
    String getPrecision();

    /** Threads that take part in one call at most. */
    int getThreads();

    /** The names of the models that are open. */
    String[] getModels();

    /** Calls that run at the same time at most. */
    int getConcurrentCalls();

    /** Calls that run now. */
    int getRunningCalls();

    /** Calls that wait now: for others to end, or for a thread of those that do not compute themselves. */
    int getWaitingCalls();

    /** Native memory of the calls, in bytes; weights are not in it. */
    long getWorkspaceBytes();
}
