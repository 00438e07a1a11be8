package io.tokenwise.model;

import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.PositionBias;
import io.tokenwise.nn.Positions;
import io.tokenwise.nn.ProjectedPositions;
import io.tokenwise.nn.RelativePositions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What tells attention where tokens stand: one object for all layers of a model with the same positions. */
final class SharedPositions {
    private final Map<List<Object>, RotaryPositions> angles = new HashMap<>();
    private final Map<List<Object>, PositionBias> biases = new HashMap<>();
    private final Map<Positions.Relative, RelativePositions> vectors = new HashMap<>();

    /**
     * The angles of rotary positions; null if they are others.
     *
     * @param shapesOnly whether nothing will be computed by them: before a file is checked, no large table is made
     */
    RotaryPositions rotary(AttentionForm form, boolean shapesOnly) {
        if (!(form.positions() instanceof Positions.Rotary rotary)) {
            return null;
        }
        int most = shapesOnly ? 1 : rotary.most();
        List<Double> factors = rotary.frequencyFactors();
        if (!factors.isEmpty() && !rotary.halves()) {
            throw new IllegalArgumentException(
                    "rotary positions of neighbouring columns with scaled frequencies are not supported yet");
        }
        List<Object> key = List.of(form.headSize(), rotary.rotated(), rotary.base(), rotary.halves(), most, factors);
        return angles.computeIfAbsent(
                key,
                _ -> rotary.halves()
                        ? RotaryPositions.halves(
                                most, form.headSize(), rotary.rotated(), rotary.base(), numbers(factors))
                        : new RotaryPositions(most, form.headSize(), rotary.rotated(), rotary.base()));
    }

    private static double[] numbers(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /**
     * What a layer's projections make of vectors of distances; null if the form has none.
     *
     * @param name of the layer's attention
     */
    ProjectedPositions projected(String name, AttentionForm form, LayerBuilder parts) {
        if (!(form.positions() instanceof Positions.Relative relative)) {
            return null;
        }
        RelativePositions shared = vectors.computeIfAbsent(
                relative,
                _ -> new RelativePositions(
                        parts.parameters(),
                        relative,
                        parts.inputs().table(relative.table() + ".weight", 2 * relative.buckets()),
                        parts.inputs().layerNorm(relative.norm(), relative.normForm())));
        return new ProjectedPositions(parts.parameters(), shared, name, form.width());
    }

    /** What is added to scores; null if the form has nothing. */
    PositionBias bias(AttentionForm form, LayerBuilder parts) {
        return switch (form.positions()) {
            case Positions.Slopes slopes ->
                biases.computeIfAbsent(
                        List.of(form.heads(), form.scale(), slopes),
                        _ -> PositionBias.slopes(
                                parts.parameters(),
                                form.heads(),
                                parts.shapesOnly() ? 1 : slopes.most(),
                                form.scale()));
            case Positions.Buckets buckets ->
                biases.computeIfAbsent(
                        List.of(form.heads(), form.scale(), buckets),
                        _ -> PositionBias.buckets(
                                parts.parameters(),
                                parts.inputs().buckets(buckets.table(), buckets.buckets(), form.heads()),
                                buckets,
                                form.scale()));
            case Positions.None _, Positions.Rotary _, Positions.Relative _ -> null;
        };
    }
}
