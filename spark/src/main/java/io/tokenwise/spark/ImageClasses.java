package io.tokenwise.spark;

import io.tokenwise.Engine;
import io.tokenwise.ImageClassifier;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.image.Image;
import io.tokenwise.image.ImageReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.DataType;

/**
 * Classes of a binary column of JPEG and PNG files, as {@link ImageClassifier} tells them. The new column is a {@code struct<label: string, probability: double, probabilities: array<double>>}. Budgets are
 * shares of the dense model's time, unless {@link #budgetsAre} says otherwise.
 */
public final class ImageClasses extends ModelColumn<ImageClasses> {
    private ImageClasses(Settings settings, Column shares) {
        super(settings, shares);
    }

    /**
     * {@return classes at full budget}
     *
     * @param model as {@link Embeddings#of} takes it, such as {@code vit-cifar10-acm}
     */
    public static ImageClasses of(String model) {
        return new ImageClasses(Settings.of(model, Budget.Unit.TIME), null);
    }

    @Override
    Images door() {
        return new Images();
    }

    @Override
    ImageClasses with(Settings newSettings, Column newShares) {
        return new ImageClasses(newSettings, newShares);
    }

    record Images() implements Door<byte[], ImageClassifier> {
        /** Of 224 x 224 pixels, in patches of 16 x 16. */
        private static final int TOKENS = 197;

        /** So that a chunk takes no further file when it has 16 MB of them. */
        private static final int BYTES_OF_A_TOKEN = (16 << 20) / Chunks.TOKENS;

        @Override
        public String verb() {
            return "classify";
        }

        @Override
        public String inputs() {
            return "images";
        }

        @Override
        public InputKind<byte[]> input() {
            return InputKind.FILE;
        }

        @Override
        public DataType output() {
            return Classes.TYPE;
        }

        @Override
        public boolean tellsSpending() {
            return false;
        }

        @Override
        public ImageClassifier open(Engine engine, String model) throws IOException {
            return engine.imageClassifier(model);
        }

        @Override
        public int tokens(byte[] image) {
            return TOKENS + image.length / BYTES_OF_A_TOKEN;
        }

        @Override
        public List<Answer> answer(
                ImageClassifier classifier, List<byte[]> files, List<Budget> budgets, String column) {
            var answers = new Answer[files.size()];
            var images = new ArrayList<Image>();
            var ofImages = new ArrayList<Budget>();
            for (int i = 0; i < answers.length; i++) {
                try {
                    images.add(read(classifier, files.get(i), column));
                    ofImages.add(budgets.get(i));
                } catch (BadFileException e) {
                    answers[i] = Answer.bad(e);
                }
            }
            var found = classifier.classify(images, ofImages).iterator();
            Arrays.setAll(answers, i -> answers[i] == null ? Classes.answer(found.next()) : answers[i]);
            return Arrays.asList(answers);
        }

        /** As the model reads it, so that only one large image is in memory. */
        private static Image read(ImageClassifier classifier, byte[] file, String column) {
            Image image = new ImageReader().read(file, column);
            try {
                return classifier.prepare(image);
            } catch (IllegalArgumentException e) {
                // A strip of a thousand times its height cannot be resized.
                throw new BadFileException(column, e.getMessage(), e);
            }
        }
    }
}
