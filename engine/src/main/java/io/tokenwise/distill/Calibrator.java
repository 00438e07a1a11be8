package io.tokenwise.distill;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.BudgetSplit;
import io.tokenwise.acm.choose.Calibration;
import io.tokenwise.acm.choose.LengthCalibration;
import io.tokenwise.acm.choose.Spending;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.Objective;
import io.tokenwise.session.Sessions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** Measures what gates spend when they are told a budget: by that a request is translated into what to tell them, and a hard budget is split among modules. */
public final class Calibrator {
    /**
     * The last, just under 1, where the gates are still asked, stands for 1. They lie closest where gates turn from one learner to all: what is
     * spent rises there by a third within a tenth, and with steps of a tenth a request for .35 spent .387.
     */
    static final double[] TOLD = {
        0.05, 0.1, 0.15, 0.175, 0.2, 0.225, 0.25, 0.275, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1
    };

    /** A split is written with four digits, so that a config.json stays readable: it is no more exact than that for other texts. */
    private static final double WRITTEN = 1e4;

    private static final int SHORTEST = 6;
    private static final int MOST_TOKENS_OF_A_LENGTH = 4_096;

    private final List<Acm> modules;
    private final Sessions sessions;

    /** Run after each measurement. */
    private final Runnable afterEach;

    private Calibrator(List<Acm> modules, Sessions sessions, Runnable afterEach) {
        this.modules = modules;
        this.sessions = sessions;
        this.afterEach = afterEach;
    }

    /** Calibrates the modules on held-out inputs, and says how they split hard budgets. Images have all the same length. */
    public static void calibrate(
            List<Acm> modules,
            Sessions sessions,
            List<int[]> inputs,
            ModelDescription model,
            DistillRun.Listener listener) {
        Acmizer.calibrate(modules, LengthCalibration.NONE);
        List<Integer> lengths = model.measuredLengths(SHORTEST);
        var calibrator = new Calibrator(modules, sessions, telling(listener, lengths.size() * TOLD.length));
        List<List<Spending>> measured = lengths.stream()
                .map(length -> calibrator.spendings(ofLength(inputs, length, model)))
                .toList();
        Acmizer.calibrate(
                modules,
                new LengthCalibration(
                        lengths, measured.stream().map(Calibrator::curve).toList()));
        // Of the longest ones alone: by the mean over all lengths abstracts came out further from the dense model
        // (docs/lab/tried.md).
        Acmizer.split(modules, split(modules, measured.getLast()));
    }

    /** What tells a listener that none of so many measurements is done, and then, each time that it runs, that one more is. */
    static Runnable telling(DistillRun.Listener listener, int all) {
        var done = new AtomicInteger();
        listener.calibrated(0, all);
        return () -> listener.calibrated(done.incrementAndGet(), all);
    }

    /** What is spent when gates are told each of {@link #TOLD}. */
    private List<Spending> spendings(List<int[]> inputs) {
        var spendings = new ArrayList<Spending>();
        for (double told : TOLD) {
            var spending = new Spending(modules);
            sessions.rows(inputs, Budget.flops(Math.min(told, Math.nextDown(1.0))), spending);
            spendings.add(spending);
            afterEach.run();
        }
        return spendings;
    }

    static Calibration curve(List<Spending> spendings) {
        return curve(spendings.stream().mapToDouble(Spending::share).toArray());
    }

    /**
     * Ascending, as a request's translation needs it, where gates spend a little less when they are told more. It begins where they spend least: below that they were told
     * what they never heard in training.
     *
     * @param shares spent when gates were told each of {@link #TOLD}
     */
    static Calibration curve(double[] shares) {
        int least = 0;
        for (int i = 1; i < TOLD.length - 1; i++) {
            if (shares[i] < shares[least]) {
                least = i;
            }
        }
        double[] spent = Arrays.copyOfRange(shares, least, TOLD.length);
        for (int i = 1; i < spent.length; i++) {
            spent[i] = Math.max(spent[i - 1], spent[i]);
        }
        double[] told = Arrays.copyOfRange(TOLD, least, TOLD.length);
        return Calibration.of(
                Arrays.stream(told).boxed().toList(),
                Arrays.stream(spent).boxed().toList());
    }

    /** How modules split a hard budget that spent so much when gates were told {@link #TOLD}. */
    static BudgetSplit split(List<Acm> modules, List<Spending> spendings) {
        Map<String, List<Double>> spent = new LinkedHashMap<>();
        for (Acm acm : modules) {
            spent.put(
                    acm.path(),
                    spendings.stream()
                            .map(spending -> Math.round(WRITTEN * spending.share(acm.path())) / WRITTEN)
                            .toList());
        }
        return new BudgetSplit(Arrays.stream(TOLD).boxed().toList(), spent);
    }

    /** Texts made of so many tokens; others as they are. */
    static List<int[]> ofLength(List<int[]> inputs, int length, ModelDescription model) {
        if (model.reads() != InputKind.TEXT) {
            return inputs;
        }
        return model.objective() == Objective.VECTORS ? ofLength(inputs, length) : resized(inputs, length);
    }

    /**
     * What may be pairs, brought to so many tokens: what stands before, between and behind the texts of each stays where it is. One that is too long is cut before the marks that all end with,
     * as a long passage is; one that is too short has there the last words of those after it too.
     */
    static List<int[]> resized(List<int[]> inputs, int length) {
        int after = Math.min(length / 2, commonEnd(inputs));
        var made = new ArrayList<int[]>();
        for (int i = 0; i < inputs.size() && made.size() * length < MOST_TOKENS_OF_A_LENGTH; i++) {
            int[] own = inputs.get(i);
            int[] resized = Arrays.copyOf(own, length);
            int filled = Math.min(own.length, length) - after;
            for (int next = i + 1; filled < length - after; next++) {
                int[] other = inputs.get(next % inputs.size());
                // Of a pair that is of its second text, unless that is the shorter one.
                int words = Math.min((other.length - after + 1) / 2, length - after - filled);
                System.arraycopy(other, other.length - after - words, resized, filled, words);
                filled += words;
            }
            System.arraycopy(own, own.length - after, resized, length - after, after);
            made.add(resized);
        }
        return made;
    }

    /** How many of their last tokens all inputs have in common, but for one of each at least. */
    private static int commonEnd(List<int[]> inputs) {
        int shortest = inputs.stream().mapToInt(input -> input.length).min().orElse(0);
        int common = 0;
        while (common < shortest - 1 && hasAllAtEnd(inputs, common)) {
            common++;
        }
        return common;
    }

    private static boolean hasAllAtEnd(List<int[]> inputs, int place) {
        int[] first = inputs.getFirst();
        int token = first[first.length - 1 - place];
        return inputs.stream().allMatch(input -> input[input.length - 1 - place] == token);
    }

    /** Texts of so many tokens, each beginning where a given one does and going on with those after it, without marks between. A mark is what all texts begin or end with. */
    static List<int[]> ofLength(List<int[]> texts, int length) {
        if (texts.isEmpty()) {
            return texts;
        }
        int[] marks = texts.getFirst();
        int before = texts.stream().allMatch(text -> text[0] == marks[0]) ? 1 : 0;
        int after = texts.stream().allMatch(text -> text[text.length - 1] == marks[marks.length - 1]) ? 1 : 0;
        int[] words = texts.stream()
                .flatMapToInt(text ->
                        Arrays.stream(text, Math.min(before, text.length), Math.max(before, text.length - after)))
                .toArray();
        if (words.length == 0) {
            return texts;
        }
        var made = new ArrayList<int[]>();
        int begin = 0;
        int taken = 0;
        for (int i = 0; i < texts.size() && made.size() * length < MOST_TOKENS_OF_A_LENGTH; i++) {
            if (begin >= taken) {
                var text = new int[length];
                for (int at = before; at < length - after; at++) {
                    text[at] = words[(begin + at - before) % words.length];
                }
                if (before > 0) {
                    text[0] = marks[0];
                }
                if (after > 0) {
                    text[length - 1] = marks[marks.length - 1];
                }
                made.add(text);
                taken = begin + length - before - after;
            }
            begin += Math.max(0, texts.get(i).length - before - after);
        }
        return made;
    }
}
