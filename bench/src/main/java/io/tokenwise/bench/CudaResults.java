package io.tokenwise.bench;

import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code bench cuda} found. Its JSON shape is kept stable: fields may be added, none is renamed or removed.
 *
 * @param simulated whether no card was there, but the test tool that runs kernels on the CPU: then no speed is among the figures
 * @param machine what ran what, by name
 * @param failures parts that did not end, and why
 * @param notes what was left out and why, a sentence each
 */
record CudaResults(
        boolean simulated,
        List<Fact> machine,
        List<Check> checks,
        List<CudaTable> tables,
        List<String> failures,
        List<String> notes) {
    CudaResults {
        machine = List.copyOf(machine);
        checks = List.copyOf(checks);
        tables = List.copyOf(tables);
        failures = List.copyOf(failures);
        notes = List.copyOf(notes);
    }

    /** Such as the name of the card. */
    record Fact(String name, String value) {}

    /**
     * One thing that the card must do as the CPU does.
     *
     * @param found the largest difference, or how many values differ
     * @param most the bound, which was stated before
     * @param holds false if found is no number
     */
    record Check(String name, String precision, double found, double most, boolean holds) {
        Check(String name, String precision, double found, double most) {
            this(name, precision, found, most, found <= most);
        }
    }

    /** Whether nothing that ran failed. */
    boolean good() {
        return failures.isEmpty() && checks.stream().allMatch(Check::holds);
    }

    String asJson() {
        return JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(this);
    }
}
