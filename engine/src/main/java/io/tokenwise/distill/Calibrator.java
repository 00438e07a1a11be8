package io.tokenwise.distill;

import io.tokenwise.Sessions;
import io.tokenwise.acm.Acm;
import io.tokenwise.acm.Acmizer;
import io.tokenwise.acm.BudgetSplit;
import io.tokenwise.acm.Calibration;
import io.tokenwise.acm.LengthCalibration;
import io.tokenwise.acm.Spending;
import io.tokenwise.io.ImageDescription;
import io.tokenwise.io.ModelDescription;
import io.tokenwise.io.SpeechDescription;
import io.tokenwise.io.TextDescription;
import io.tokenwise.nn.Budget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Measures what gates spend when they are told a budget, so that a request can be translated into what to tell them. */
public final class Calibrator {
    /**
     * The last, just under 1, where the gates are still asked, stands for 1. They lie closest where gates turn from one learner to all: what is
     * spent rises there by a third within a tenth, and with steps of a tenth a request for .35 spent .387.
     */
    static final double[] TOLD = {
        0.05, 0.1, 0.15, 0.175, 0.2, 0.225, 0.25, 0.275, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1
    };

    private static final double SHARE_DIGITS = 1e4;
    private static final int SHORTEST = 6;
    private static final int MOST_TOKENS_OF_A_LENGTH = 4_096;

    private final List<Acm> modules;
    private final Sessions sessions;

    /** Of the last curve, one for each of {@link #TOLD}. */
    private List<Spending> spendings = List.of();

    private Calibrator(List<Acm> modules, Sessions sessions) {
        this.modules = modules;
        this.sessions = sessions;
    }

    /** Calibrates the modules on held-out inputs, of texts each with a mark of beginning and one of end. Images have all the same length. */
    public static void calibrate(List<Acm> modules, Sessions sessions, List<int[]> inputs, ModelDescription model) {
        Acmizer.calibrate(modules, LengthCalibration.NONE);
        var calibrator = new Calibrator(modules, sessions);
        LengthCalibration calibration = switch (model) {
            case TextDescription text -> calibrator.ofTexts(inputs, text.maxTokens());
            case ImageDescription image ->
                new LengthCalibration(List.of(image.maxTokens()), List.of(calibrator.curve(inputs)));
            case SpeechDescription _ -> throw new IllegalArgumentException("SpeechCalibrator is for speech models");
        };
        Acmizer.calibrate(modules, calibration);
        // Of the longest texts: what short ones spend splits budgets of either less well (docs/quality.md).
        Acmizer.split(modules, split(modules, calibrator.spendings));
    }

    /** How modules split a budget that spent so much when gates were told {@link #TOLD}. */
    static BudgetSplit split(List<Acm> modules, List<Spending> spendings) {
        Map<String, List<Double>> spent = new LinkedHashMap<>();
        for (Acm acm : modules) {
            spent.put(
                    acm.path(),
                    spendings.stream()
                            .map(spending -> Math.round(SHARE_DIGITS * spending.share(acm.path())) / SHARE_DIGITS)
                            .toList());
        }
        return new BudgetSplit(Arrays.stream(TOLD).boxed().toList(), spent);
    }

    private LengthCalibration ofTexts(List<int[]> texts, int longest) {
        var lengths = new ArrayList<Integer>();
        var curves = new ArrayList<Calibration>();
        for (int length = Math.min(SHORTEST, longest); ; length = Math.min(2 * length, longest)) {
            lengths.add(length);
            curves.add(curve(ofLength(texts, length)));
            if (length == longest) {
                return new LengthCalibration(lengths, curves);
            }
        }
    }

    private Calibration curve(List<int[]> inputs) {
        var spent = new double[TOLD.length];
        spendings = new ArrayList<>();
        for (int i = 0; i < TOLD.length; i++) {
            var spending = new Spending(modules);
            sessions.encode(inputs, Budget.of(Math.min(TOLD[i], Math.nextDown(1.0))), spending);
            spent[i] = i == 0 ? spending.share() : Math.max(spent[i - 1], spending.share());
            spendings.add(spending);
        }
        return new Calibration(TOLD, spent);
    }

    /** Texts of so many tokens, each beginning where a given one does and going on with those after it, without marks between. */
    static List<int[]> ofLength(List<int[]> texts, int length) {
        int[] words = texts.stream()
                .flatMapToInt(text -> Arrays.stream(text, Math.min(1, text.length), Math.max(1, text.length - 1)))
                .toArray();
        if (words.length == 0) {
            return texts;
        }
        int[] marks = texts.getFirst();
        var made = new ArrayList<int[]>();
        int begin = 0;
        int taken = 0;
        for (int i = 0; i < texts.size() && made.size() * length < MOST_TOKENS_OF_A_LENGTH; i++) {
            if (begin >= taken) {
                var text = new int[length];
                text[0] = marks[0];
                for (int at = 1; at < length - 1; at++) {
                    text[at] = words[(begin + at - 1) % words.length];
                }
                text[length - 1] = marks[marks.length - 1];
                made.add(text);
                taken = begin + length - 2;
            }
            begin += Math.max(0, texts.get(i).length - 2);
        }
        return made;
    }
}
