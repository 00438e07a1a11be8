package io.tokenwise.cli;

import io.tokenwise.model.TextKind;
import io.tokenwise.session.OpenModel;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.List;

/** Inputs of an evaluation, as a model reads them. */
sealed interface EvalInputs {
    int size();

    /** For a certain model: another one may have another tokenizer. */
    List<int[]> of(OpenModel model);

    /**
     * Texts, which become tokens.
     *
     * @param maxTokens longer ones are cut to so many, or to what the model reads if that is less
     */
    record Texts(List<String> texts, TextKind kind, int maxTokens) implements EvalInputs {
        @Override
        public int size() {
            return texts.size();
        }

        @Override
        public List<int[]> of(OpenModel model) {
            String prefix = kind.prefix(model.files().text());
            Tokenizer tokenizer = model.files().tokenizer();
            int most = Math.min(maxTokens, tokenizer.maxTokens());
            return texts.stream()
                    .map(text -> tokenizer.encode(prefix + text, most).ids())
                    .toList();
        }
    }

    /** Pixels of images, of the size that the models read. */
    record Images(List<int[]> pixels) implements EvalInputs {
        @Override
        public int size() {
            return pixels.size();
        }

        @Override
        public List<int[]> of(OpenModel model) {
            return pixels;
        }
    }
}
