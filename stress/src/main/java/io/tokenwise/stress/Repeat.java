package io.tokenwise.stress;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs test classes again and again in one JVM, and says how often each test ran and failed. Arguments: how often, and the classes. The exit code is 1 if a test failed,
 * or if none ran.
 */
final class Repeat implements TestExecutionListener {
    private static final int ROUNDS_A_LINE = 10;

    private final Map<String, Count> counts = new TreeMap<>();
    private final PrintWriter out;
    private int round;

    private static final class Count {
        int runs;
        int failures;
    }

    private Repeat(PrintWriter out) {
        this.out = out;
    }

    public static void main(String[] args) {
        var out = new PrintWriter(System.out, true);
        var repeat = new Repeat(out);
        boolean isSound = repeat.run(Integer.parseInt(args[0]), Arrays.copyOfRange(args, 1, args.length));
        System.exit(isSound ? 0 : 1);
    }

    private boolean run(int times, String[] classes) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(Arrays.stream(classes).map(name -> selectClass(name)).toList())
                .build();
        Launcher launcher = LauncherFactory.create();
        for (round = 1; round <= times; round++) {
            launcher.execute(request, this);
            if (round % ROUNDS_A_LINE == 0) {
                out.println("round " + round + " of " + times);
            }
        }
        counts.forEach((test, count) -> out.printf("%7d runs %5d failures  %s%n", count.runs, count.failures, test));
        return !counts.isEmpty() && counts.values().stream().allMatch(count -> count.failures == 0);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        boolean hasFailed = result.getStatus() == Status.FAILED;
        if (!test.isTest() && !hasFailed || result.getStatus() == Status.ABORTED) {
            return;
        }
        String name =
                test.getUniqueId().replaceAll("^.*\\[class:([^]]*)]", "$1").replaceAll("/?\\[[^:]*:([^]]*)]", " $1");
        Count count = counts.computeIfAbsent(name, key -> new Count());
        count.runs++;
        if (hasFailed) {
            count.failures++;
            out.println("round " + round + ": " + name + ": "
                    + result.getThrowable().map(Throwable::toString).orElse("failed"));
        }
    }
}
