package io.tokenwise.search;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/** The best so many documents for a query, of those that have been offered, and how good they are. For one thread. */
public final class Ranking {
    /** Of equal scores the greater id is first, as trec_eval has it, so that its figures are these. */
    private static final Comparator<Hit> WORST_FIRST =
            Comparator.comparingDouble(Hit::score).thenComparing(Hit::document);

    private final int most;
    private final PriorityQueue<Hit> hits = new PriorityQueue<>(WORST_FIRST);

    private record Hit(String document, double score) {}

    /** @param most how many to keep */
    public Ranking(int most) {
        this.most = most;
    }

    public void offer(String document, double score) {
        if (hits.size() == most && score < hits.peek().score) {
            return;
        }
        hits.add(new Hit(document, score));
        if (hits.size() > most) {
            hits.remove();
        }
    }

    /** Ids, the best first. */
    public List<String> documents() {
        return hits.stream().sorted(WORST_FIRST.reversed()).map(Hit::document).toList();
    }

    /**
     * Normalised discounted cumulative gain of the first so many (Järvelin and Kekäläinen 2002), with the gains as they are: the sum
     * of gain / log2(rank + 1), as a share of what the best order would have. 0 if nothing is relevant.
     */
    public double ndcg(Map<String, Integer> gains, int cutoff) {
        List<Integer> found = documents().stream()
                .map(document -> Math.max(0, gains.getOrDefault(document, 0)))
                .toList();
        List<Integer> best =
                relevant(gains).stream().sorted(Comparator.reverseOrder()).toList();
        return best.isEmpty() ? 0 : discounted(found, cutoff) / discounted(best, cutoff);
    }

    private static double discounted(List<Integer> gains, int cutoff) {
        double sum = 0;
        for (int i = 0; i < Math.min(cutoff, gains.size()); i++) {
            sum += gains.get(i) * Math.log(2) / Math.log(i + 2);
        }
        return sum;
    }

    /** Share of the relevant documents that are among the first so many. 0 if nothing is relevant. */
    public double recall(Map<String, Integer> gains, int cutoff) {
        long found = documents().stream()
                .limit(cutoff)
                .filter(document -> gains.getOrDefault(document, 0) > 0)
                .count();
        return relevant(gains).isEmpty() ? 0 : (double) found / relevant(gains).size();
    }

    private static List<Integer> relevant(Map<String, Integer> gains) {
        return gains.values().stream().filter(gain -> gain > 0).toList();
    }
}
