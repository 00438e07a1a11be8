package io.tokenwise.acm;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Mlp;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Replaces the MLPs of a model by {@link Acm}s. */
public final class Acmizer {
    private Acmizer() {}

    /**
     * Replaces dense MLPs by modules whose learners are slices of the MLPs' own hidden units, the most important first: at full
     * budget the model computes what it did before. Gates are untrained: they give every
     * token the count nearest to the budget.
     *
     * @param parameters the model's; the dense weights leave the set, the modules' enter it
     * @param learners per module; divides the number of hidden units
     * @param statistics one for each slot
     */
    public static List<Acm> replace(
            Parameters parameters, List<BlockSlot> slots, int learners, List<UnitStatistics> statistics) {
        var modules = new ArrayList<Acm>();
        for (int i = 0; i < slots.size(); i++) {
            BlockSlot slot = slots.get(i);
            if (!(slot.block() instanceof Mlp mlp)) {
                throw new IllegalArgumentException(slot.path() + " is no dense MLP: it cannot be made adaptive again");
            }
            Acm acm = fromMlp(parameters, slot.path(), mlp, learners, statistics.get(i));
            List.of(
                            mlp.up().weight().parameter(),
                            mlp.up().bias(),
                            mlp.down().weight().parameter(),
                            mlp.down().bias())
                    .forEach(parameters::remove);
            slot.replace(acm);
            acm.place(i);
            modules.add(acm);
        }
        return modules;
    }

    /** Tells all modules which budget their gates must be told for a wanted share. */
    public static void calibrate(List<Acm> modules, Calibration calibration) {
        modules.forEach(acm -> acm.calibrate(calibration));
    }

    private static Acm fromMlp(Parameters parameters, String path, Mlp mlp, int learners, UnitStatistics statistics) {
        Tensor up = mlp.up().weight().parameter().value();
        Tensor down = mlp.down().weight().parameter().value();
        int hidden = up.rows();
        int units = up.columns();
        int width = Acm.width(path, units, learners);
        var acm = new Acm(parameters, path, learners, hidden, width);
        int[] order = IntStream.range(0, units)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer unit) -> -statistics.importance()[unit]))
                .mapToInt(Integer::intValue)
                .toArray();
        List<Parameter> target = acm.learnerParameters();
        Tensor b2 = target.get(3).value();
        Tensor c = target.get(4).value();
        var total = new double[hidden];
        for (int column = 0; column < hidden; column++) {
            total[column] = mlp.down().bias().value().get(0, column);
        }
        var contribution = new double[learners][hidden];
        for (int to = 0; to < units; to++) {
            int from = order[to];
            target.get(1).value().set(0, to, mlp.up().bias().value().get(0, from));
            for (int i = 0; i < hidden; i++) {
                target.get(0).value().set(i, to, up.get(i, from));
                target.get(2).value().set(to, i, down.get(from, i));
                contribution[to / width][i] += statistics.means()[from] * down.get(from, i);
            }
        }
        for (int n = 0; n < learners; n++) {
            for (int i = 0; i < hidden; i++) {
                c.set(n, i, (float) -contribution[n][i]);
                total[i] += contribution[n][i];
            }
        }
        for (int i = 0; i < hidden; i++) {
            b2.set(0, i, (float) total[i]);
        }
        target.forEach(Parameter::changed);
        acm.startGate();
        return acm;
    }
}
