package io.tokenwise.acm.make;

import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.BudgetSplit;
import io.tokenwise.acm.choose.LengthCalibration;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.ProjectedAttention;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Replaces blocks of a model by {@link AdaptiveBlock}s. */
public final class Acmizer {
    private Acmizer() {}

    /**
     * Replaces dense blocks by adaptive ones that are cut from their own weights, the most important first: at full budget the model computes
     * what it did before. Gates are untrained: they give every token the count nearest to the budget.
     *
     * @param parameters the model's; the dense weights leave the set, the adaptive blocks' enter it
     * @param slots all of the model's, in the order in which they run
     * @param forwards runs the model on sample text, by which importance is measured
     */
    public static void replace(Parameters parameters, List<BlockSlot> slots, AdaptiveLayers layers, Runnable forwards) {
        Map<BlockSlot, Measured> measured = new HashMap<>();
        for (BlockSlot slot : slots) {
            Measured block = switch (slot.block()) {
                case Mlp mlp when layers.mlp() -> new MeasuredMlp(mlp);
                case ProjectedAttention attention
                when !layers.attentionGates().isEmpty() -> new MeasuredAttention(attention);
                case AdaptiveBlock adaptive ->
                    throw new IllegalArgumentException(
                            slot.path() + " is adaptive already: it cannot be made so again");
                default -> null;
            };
            if (block != null) {
                measured.put(slot, block);
            }
        }
        Measured.run(measured, forwards);
        for (BlockSlot slot : slots) {
            if (measured.containsKey(slot)) {
                AdaptiveBlock block = measured.get(slot).adaptive(parameters, slot.path(), layers);
                block.learnerParameters().forEach(Parameter::changed);
                block.acms().forEach(acm -> acm.of(slot.role()));
                block.acms().forEach(acm -> acm.startGate(block.noneBehind()));
                slot.replace(block);
            }
        }
        place(modules(slots));
    }

    /** The adaptive blocks in the slots, in their order. */
    public static List<AdaptiveBlock> blocks(List<BlockSlot> slots) {
        var blocks = new ArrayList<AdaptiveBlock>();
        for (BlockSlot slot : slots) {
            if (slot.block() instanceof AdaptiveBlock adaptive) {
                blocks.add(adaptive);
            }
        }
        return blocks;
    }

    /** The modules of the adaptive blocks in the slots, in the order in which they are asked. */
    public static List<Acm> modules(List<BlockSlot> slots) {
        return blocks(slots).stream().flatMap(block -> block.acms().stream()).toList();
    }

    /** Tells each module its place among those of the same costs. */
    public static void place(List<Acm> modules) {
        Map<List<Long>, Integer> places = new HashMap<>();
        for (Acm acm : modules) {
            List<Long> cost = List.of(acm.learnerFlops(), (long) acm.learners(), (long) acm.trained());
            acm.place(places.merge(cost, 1, Integer::sum) - 1);
        }
    }

    /** Makes the modules of these paths controls without gates, before their blocks are prepared: each gives every token that many learners. */
    public static void fix(List<Acm> modules, Map<String, Integer> counts) {
        for (Acm acm : modules) {
            Integer count = counts.get(acm.path());
            if (count != null) {
                acm.fix(count);
            }
        }
    }

    /** Tells all modules which budget their gates must be told for a wanted share. */
    public static void calibrate(List<Acm> modules, LengthCalibration calibration) {
        modules.forEach(acm -> acm.calibrate(calibration));
    }

    /**
     * Tells all modules of a model what each gets of a hard budget; those of a decoder have one for themselves.
     *
     * @throws IllegalArgumentException if the split lacks a module
     */
    public static void split(List<Acm> modules, BudgetSplit split) {
        modules.stream()
                .collect(Collectors.partitioningBy(Acm::ofDecoder))
                .values()
                .forEach(together -> together.forEach(acm -> acm.split(split, together)));
    }
}
