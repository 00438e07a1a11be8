package io.tokenwise.distill;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.acm.choose.LengthCalibration;
import io.tokenwise.acm.choose.SpeechSpending;
import io.tokenwise.acm.choose.Spending;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * What {@link Calibrator} does, for a speech model: one curve for the encoder's modules, over frames, and one for the decoder's, over the tokens of the texts
 * that the model writes at full budget. Both are told the same budget, so the decoder reads frames like those that it will read.
 */
final class SpeechCalibrator {
    private final Encoder model;
    private final List<Acm> ofEncoder;
    private final List<Acm> ofDecoder;
    private final List<TokenBatch> recordings = new ArrayList<>();
    private final List<TokenBatch> texts = new ArrayList<>();

    private SpeechCalibrator(Encoder model) {
        this.model = model;
        ofEncoder = Acmizer.modules(model.tokenSlots());
        ofDecoder = model.acms().subList(ofEncoder.size(), model.acms().size());
    }

    /** Calibrates a model's modules on held-out recordings. */
    static void calibrate(Encoder model, Backend backend, List<int[]> heldOut, DistillRun.Listener listener) {
        Acmizer.calibrate(model.acms(), LengthCalibration.NONE);
        var calibrator = new SpeechCalibrator(model);
        try (var written = new WrittenTexts(model, backend);
                var workspace = backend.workspace(Long.MAX_VALUE)) {
            for (int[] recording : heldOut) {
                // A recording a batch: the longest ones are long enough.
                var batch = new TokenBatch();
                model.add(batch, recording);
                calibrator.recordings.add(batch);
                calibrator.texts.add(written.of(batch));
            }
            calibrator.measure(
                    new Pass(backend.stream(), workspace), Calibrator.telling(listener, Calibrator.TOLD.length));
        }
    }

    private void measure(Pass pass, Runnable afterEach) {
        var encoder = new ArrayList<Spending>();
        var decoder = new ArrayList<Spending>();
        var both = new ArrayList<Spending>();
        for (double told : Calibrator.TOLD) {
            var spending = new SpeechSpending(model.acms(), ofEncoder.size());
            run(pass, Budget.flops(Math.min(told, Math.nextDown(1.0))), spending);
            encoder.add(spending.encoder());
            decoder.add(spending.decoder());
            both.add(spending.both());
            afterEach.run();
        }
        Acmizer.calibrate(ofEncoder, alike(encoder));
        Acmizer.calibrate(ofDecoder, alike(decoder));
        Acmizer.split(model.acms(), Calibrator.split(model.acms(), both));
    }

    /** Recordings differ in length, but frames are alike: no part of a short one is marks, as of a short text. */
    private static LengthCalibration alike(List<Spending> spendings) {
        return new LengthCalibration(List.of(1), List.of(Calibrator.curve(spendings)));
    }

    private void run(Pass pass, Budget budget, LearnerObserver observer) {
        for (int i = 0; i < recordings.size(); i++) {
            Tensor frames = model.tokens(pass.begin(budget).with(LearnerObserver.class, observer), recordings.get(i));
            model.decoder().logits(pass, frames, recordings.get(i), texts.get(i));
        }
    }
}
