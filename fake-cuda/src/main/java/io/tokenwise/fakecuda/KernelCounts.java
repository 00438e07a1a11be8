package io.tokenwise.fakecuda;

/** What one kernel did since the last reset: its multiply-adds by tensor instructions, and its time on this CPU, which says nothing of a GPU's. */
public record KernelCounts(String name, long launches, long blocks, long multiplyAdds, double seconds) {
    static KernelCounts of(String line) {
        var words = line.split(" ");
        return new KernelCounts(
                words[0],
                Long.parseLong(words[1]),
                Long.parseLong(words[2]),
                Long.parseLong(words[3]),
                Double.parseDouble(words[4]) * 1e-6);
    }
}
