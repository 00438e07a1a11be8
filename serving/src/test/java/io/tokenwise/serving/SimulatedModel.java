package io.tokenwise.serving;

import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** minilm-acm in s8 on one thread, as tables have it: what budgets take and lose by {@link MeasureBudgets} (the beginnings of 200 of Cranfield's texts), and milliseconds by docs/performance.md. */
final class SimulatedModel implements Served<Object> {
    /** Docs/performance.md: s8, .51 ms of 16 tokens and 4.41 ms of 128. A batch saves some of a call's time: 10 % between 256 and 1,024 tokens a batch. */
    private static final List<CostCurve.Point> DENSE =
            List.of(new CostCurve.Point(16, 460), new CostCurve.Point(128, 4360));

    private static final double BATCH_MICROS = 50;

    /** What budgets take in truth over what is predicted: docs/performance.md has .81, .67, .45 and .30 for .85, .70, .50 and .35, which are predicted as .86, .69, .48 and .34. */
    private static final double TRUE_TIME = 0.95;

    private final TreeMap<Integer, Row> rows = new TreeMap<>();

    private record Row(List<Double> times, List<Double> losses, List<Double> typicalLosses) {}

    SimulatedModel() {
        try (InputStream in = SimulatedModel.class.getResourceAsStream("budgets.csv")) {
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .skip(1)
                    .forEach(this::read);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read(String line) {
        String[] fields = line.split(",");
        Row row = rows.computeIfAbsent(
                Integer.valueOf(fields[0]), tokens -> new Row(new ArrayList<>(), new ArrayList<>(), new ArrayList<>()));
        row.times.add(Double.valueOf(fields[2]));
        row.losses.add(Double.valueOf(fields[3]));
        row.typicalLosses.add(Double.valueOf(fields[4]));
    }

    /** As it is put into a queue: with the losses of typical texts, which are not those of the texts that come; or without. Costs may be so many times too high. */
    MeasuredModel<Object> measured(QueueOptions options, boolean withLosses, double tooHigh) {
        var losses = new ArrayList<Losses.OfLength>();
        for (int tokens : new int[] {16, 32, 64, 128}) {
            losses.add(new Losses.OfLength(tokens, rows.get(tokens).typicalLosses));
        }
        return new MeasuredModel<>(
                this,
                new CostCurve(
                        tooHigh * BATCH_MICROS,
                        options.batchTokens(),
                        DENSE.stream()
                                .map(point -> new CostCurve.Point(point.tokens(), tooHigh * point.micros()))
                                .toList()),
                List.of(1.0, 1.0, 1.0, 1.0, 1.0),
                withLosses ? new Losses(losses) : Losses.NONE);
    }

    /** What a batch really takes, where costs were measured so many times too high. */
    static double trueMicros(List<SimulatedRequest> requests, int step, double tooHigh) {
        return BATCH_MICROS
                + requests.stream()
                                .mapToDouble(request -> trueMicros(request.choices.at(step)))
                                .sum()
                        / tooHigh;
    }

    /** What an input really takes, beside its batch. */
    static double trueMicros(Choices.Choice choice) {
        return (choice.budget().share() == 1 ? 1 : TRUE_TIME) * choice.micros();
    }

    /** 1 less the cosine to the vector of full budget. */
    double lost(int tokens, Budget budget) {
        return at(nearest(tokens).losses, budget.share());
    }

    private Row nearest(int tokens) {
        var below = rows.floorEntry(tokens);
        var above = rows.ceilingEntry(tokens);
        if (below == null || above == null) {
            return below == null ? above.getValue() : below.getValue();
        }
        return tokens - below.getKey() < above.getKey() - tokens ? below.getValue() : above.getValue();
    }

    private static double at(List<Double> values, double share) {
        double place = share * Losses.SHARES;
        int below = Math.min((int) place, Losses.SHARES - 1);
        return values.get(below) + (place - below) * (values.get(below + 1) - values.get(below));
    }

    @Override
    public String name() {
        return "simulated";
    }

    @Override
    public int tokens(int[] input) {
        return input.length;
    }

    @Override
    public int[] sample(int tokens) {
        return new int[tokens];
    }

    @Override
    public int maxTokens() {
        return 128;
    }

    @Override
    public boolean isAdaptive() {
        return true;
    }

    @Override
    public Budget budget(double share) {
        return Budget.of(share);
    }

    @Override
    public Spent spent(int[] input, Budget budget) {
        double time = at(nearest(input.length).times, budget.share());
        return new Spent(time, time);
    }

    @Override
    public List<Object> run(List<int[]> inputs, List<Budget> budgets) {
        throw new UnsupportedOperationException("time is simulated, nothing runs");
    }
}
