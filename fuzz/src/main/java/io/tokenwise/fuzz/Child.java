package io.tokenwise.fuzz;

import java.lang.reflect.InvocationTargetException;

/** The main class of the JVM that reads: loads all else with probes and lets the {@link Worker} work. */
final class Child {
    private Child() {}

    public static void main(String[] arguments) throws Throwable {
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
}
