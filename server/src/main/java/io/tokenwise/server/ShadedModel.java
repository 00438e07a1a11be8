package io.tokenwise.server;

import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import io.tokenwise.serving.Served;
import io.tokenwise.session.OpenModel;
import java.util.ArrayList;
import java.util.List;

/** A model in a queue whose every input runs alone and is watched: for the page. */
final class ShadedModel implements Served<Shaded> {
    private final Served<float[]> plain;
    private final OpenModel model;

    /** @param plain the same model as other requests use it */
    ShadedModel(Served<float[]> plain, OpenModel model) {
        this.plain = plain;
        this.model = model;
    }

    @Override
    public List<Shaded> run(List<int[]> inputs, List<Budget> budgets) {
        var results = new ArrayList<Shaded>(inputs.size());
        for (int i = 0; i < inputs.size(); i++) {
            results.add(run(inputs.get(i), budgets.get(i)));
        }
        return results;
    }

    private Shaded run(int[] input, Budget budget) {
        var shading = new Shading(model.encoder(), tokens(input));
        long began = System.nanoTime();
        float[] output = model.sessions().encode(List.of(input), budget, shading)[0];
        return new Shaded(output, shading.shares(), (System.nanoTime() - began) / 1000);
    }

    @Override
    public String name() {
        return plain.name();
    }

    @Override
    public int tokens(int[] input) {
        return plain.tokens(input);
    }

    @Override
    public int[] sample(int tokens) {
        return plain.sample(tokens);
    }

    @Override
    public int maxTokens() {
        return plain.maxTokens();
    }

    @Override
    public boolean isAdaptive() {
        return plain.isAdaptive();
    }

    @Override
    public Budget budget(double share) {
        return plain.budget(share);
    }

    @Override
    public Spent spent(int[] input, Budget budget) {
        return plain.spent(input, budget);
    }
}
