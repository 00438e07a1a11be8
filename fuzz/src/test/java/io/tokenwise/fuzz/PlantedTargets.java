package io.tokenwise.fuzz;

import io.tokenwise.api.BadFileException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** A reader that does all that none may do, by the first byte of its file. */
public final class PlantedTargets implements Supplier<List<Target>> {
    static final Target PLANTED = Target.file("planted", "file", PlantedTargets::read);

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    /** What it keeps for good. */
    private static final List<Object> KEPT = new ArrayList<>();

    @Override
    public List<Target> get() {
        return List.of(PLANTED);
    }

    private static void read(Input input, Workplace place) throws Exception {
        byte[] bytes = input.bytes();
        switch (bytes.length == 0 ? ' ' : (char) bytes[0]) {
            case 'e' -> throw new IllegalStateException("not the reader's own");
            case 'r' -> throw new BadFileException("file", "is refused");
            case 'm' -> KEPT.set(0, new byte[80 << 20]);
            case 'n' -> KEPT.add(Arena.ofAuto().allocate(1_000));
            case 'l' -> KEPT.add(Arena.ofShared().allocate(2 << 20));
            case 'o' -> KEPT.add(Files.newInputStream(place.file(input)));
            case 's' -> slowOnce();
            case 'h' -> {
                for (long i = 0; ; i++) {
                    KEPT.set(0, i);
                }
            }
            case 'c' -> Runtime.getRuntime().halt(134);
            default -> KEPT.add(0, "");
        }
    }

    /** As where classes are loaded, and tables made. */
    private static void slowOnce() {
        if (!KEPT.contains("loaded")) {
            KEPT.add("loaded");
            long start = THREADS.getCurrentThreadCpuTime();
            while (THREADS.getCurrentThreadCpuTime() - start <= Trial.MOST_NANOS) {
                KEPT.set(0, "works");
            }
        }
    }
}
