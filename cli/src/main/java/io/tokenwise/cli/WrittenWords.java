package io.tokenwise.cli;

import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.Budget;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.session.OpenModel;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * What a speech model writes of recordings.
 *
 * @param texts one for each recording
 */
record WrittenWords(List<String> texts) {
    /** @param observer told what the encoder's modules spend, and the decoder's; may be null */
    static WrittenWords of(OpenModel model, List<int[]> recordings, Budget budget, LearnerObserver observer) {
        SpeechDescription description = model.files().speech();
        var texts = new ArrayList<String>();
        try (var workspace = model.backend().workspace(Long.MAX_VALUE)) {
            var pass = new Pass(model.backend().stream(), workspace);
            for (int[] recording : recordings) {
                var batch = new TokenBatch();
                model.encoder().add(batch, recording);
                Tensor frames = model.encoder().tokens(pass.begin(budget).with(LearnerObserver.class, observer), batch);
                int[] tokens = model.encoder().writer().write(pass, frames, recording.length);
                texts.add(description.vocabulary().decode(tokens));
            }
        }
        return new WrittenWords(texts);
    }

    /** The share of another's words that are left, insertions counting against it. */
    double kept(WrittenWords of) {
        WordErrorRate errors = WordErrorRate.NONE;
        for (int i = 0; i < texts.size(); i++) {
            errors = errors.plus(WordErrorRate.of(of.texts.get(i), texts.get(i)));
        }
        return errors.words() == 0 ? Double.NaN : Math.max(0, 1 - errors.rate());
    }
}
