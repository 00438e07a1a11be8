package io.tokenwise.fuzz;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;

/** The main class of the JVM that reads: loads all else with probes and lets the {@link Worker} work. */
final class Child {
    private Child() {}

    public static void main(String[] arguments) throws Throwable {
        Thread.ofPlatform().name("parent").daemon().start(Child::endWithParent);
        Coverage coverage = Coverage.start();
        try (var loader = new CoveringLoader(coverage)) {
            Thread.currentThread().setContextClassLoader(loader);
            loader.loadClass(Worker.class.getName())
                    .getMethod("main", String[].class, Feedback.class)
                    .invoke(null, arguments, coverage);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
        // Threads of what was opened may live on.
        System.exit(0);
    }

    /** Nobody writes to us; there is nothing more to read when the JVM that has started us is gone. */
    private static void endWithParent() {
        try {
            System.in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Runtime.getRuntime().halt(ReadingJvm.TERMINATED);
    }
}
