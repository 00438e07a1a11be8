package io.tokenwise;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/** Where code allocates on the heap, by what Flight Recorder tells of new allocation buffers (TLABs) and of objects outside them: what a test that found an allocation has to say about it. */
public final class AllocationSites {
    private static final String IN_NEW_BUFFER = "jdk.ObjectAllocationInNewTLAB";
    private static final String OUTSIDE_BUFFERS = "jdk.ObjectAllocationOutsideTLAB";
    private static final int FRAMES = 8;
    private static final int SITES = 3;

    private AllocationSites() {}

    /** The sites that allocate most while {@code code} runs, each a class and the frames that lead to it; empty if none needed a new buffer. */
    public static String of(Runnable code, Path scratch) throws IOException {
        Path file = scratch.resolve("allocations.jfr");
        try (var recording = new Recording()) {
            // Not jdk.ObjectAllocationSample: its throttle left 5 of 32 buffers that one object a forward had filled.
            recording.enable(IN_NEW_BUFFER).withStackTrace();
            recording.enable(OUTSIDE_BUFFERS).withStackTrace();
            recording.start();
            code.run();
            recording.stop();
            recording.dump(file);
        }
        Map<String, Long> bytes = new HashMap<>();
        for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
            if (event.getStackTrace() != null && !isRecorders(event)) {
                bytes.merge(site(event), weight(event), Long::sum);
            }
        }
        return bytes.entrySet().stream()
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                .limit(SITES)
                .map(entry -> entry.getValue() + " bytes: " + entry.getKey())
                .collect(Collectors.joining("\n"));
    }

    private static boolean isRecorders(RecordedEvent event) {
        return event.getStackTrace().getFrames().stream()
                .anyMatch(frame -> frame.getMethod().getType().getName().startsWith("jdk.jfr."));
    }

    /** A new buffer stands for the one that was full before it. */
    private static long weight(RecordedEvent event) {
        boolean inBuffer = event.getEventType().getName().equals(IN_NEW_BUFFER);
        return event.getLong(inBuffer ? "tlabSize" : "allocationSize");
    }

    private static String site(RecordedEvent event) {
        return event.getClass("objectClass").getName()
                + event.getStackTrace().getFrames().stream()
                        .limit(FRAMES)
                        .map(AllocationSites::line)
                        .collect(Collectors.joining());
    }

    private static String line(RecordedFrame frame) {
        return "\n    at %s.%s:%d (%s)"
                .formatted(
                        frame.getMethod().getType().getName(),
                        frame.getMethod().getName(),
                        frame.getLineNumber(),
                        frame.getType());
    }
}
