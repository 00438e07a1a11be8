package io.tokenwise.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jacoco.core.analysis.Analyzer;
import org.jacoco.core.analysis.CoverageBuilder;
import org.jacoco.core.analysis.IBundleCoverage;
import org.jacoco.core.data.ExecutionData;
import org.jacoco.core.data.ExecutionDataStore;
import org.jacoco.core.instr.Instrumenter;
import org.jacoco.core.runtime.LoggerRuntime;
import org.jacoco.core.runtime.RuntimeData;

/** JaCoCo's probes in the readers' classes, looked at after each input. */
final class Coverage implements Feedback {
    private final LoggerRuntime runtime = new LoggerRuntime();
    private final Instrumenter instrumenter = new Instrumenter(runtime);
    private final Map<String, byte[]> classes = new HashMap<>();
    private final List<Probes> all = new ArrayList<>();

    /** A class's: those that were hit since they were last looked at, and all that were. */
    private record Probes(ExecutionData data, boolean[] hit, boolean[] seen) {
        boolean news() {
            boolean news = false;
            for (int i = 0; i < hit.length; i++) {
                if (hit[i]) {
                    hit[i] = false;
                    news |= !seen[i];
                    seen[i] = true;
                }
            }
            return news;
        }
    }

    /** Tells of each class when it is first entered. */
    private final class Entered extends RuntimeData {
        @Override
        public ExecutionData getExecutionData(Long id, String name, int count) {
            ExecutionData data = super.getExecutionData(id, name, count);
            synchronized (all) {
                all.add(new Probes(data, data.getProbes(), new boolean[count]));
            }
            return data;
        }
    }

    /** @throws IllegalStateException if the JVM's logging, by which probes find their class's array, does not work */
    static Coverage start() {
        var coverage = new Coverage();
        try {
            coverage.runtime.startup(coverage.new Entered());
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return coverage;
    }

    /** A class with probes. */
    byte[] instrument(String name, byte[] bytes) throws IOException {
        synchronized (all) {
            classes.put(name.replace('.', '/'), bytes);
        }
        return instrumenter.instrument(bytes, name);
    }

    @Override
    public boolean news() {
        synchronized (all) {
            boolean news = false;
            for (Probes probes : all) {
                news |= probes.news();
            }
            return news;
        }
    }

    @Override
    public void forget() {
        synchronized (all) {
            for (Probes probes : all) {
                Arrays.fill(probes.hit, false);
                Arrays.fill(probes.seen, false);
            }
        }
    }

    @Override
    public Counts counts() {
        news();
        var store = new ExecutionDataStore();
        synchronized (all) {
            for (Probes probes : all) {
                store.put(new ExecutionData(probes.data.getId(), probes.data.getName(), probes.seen.clone()));
            }
        }
        var builder = new CoverageBuilder();
        var analyzer = new Analyzer(store, builder);
        for (ExecutionData entered : store.getContents()) {
            if (entered.hasHits()) {
                try {
                    analyzer.analyzeClass(classes.get(entered.getName()), entered.getName());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        IBundleCoverage sum = builder.getBundle("");
        return new Counts(
                sum.getBranchCounter().getCoveredCount(),
                sum.getBranchCounter().getTotalCount(),
                sum.getLineCounter().getCoveredCount(),
                sum.getLineCounter().getTotalCount());
    }
}
