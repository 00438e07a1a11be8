package io.tokenwise.cli;

import io.tokenwise.Classification;
import io.tokenwise.api.BadFileException;
import io.tokenwise.image.LabelledImageReader;
import io.tokenwise.image.LabelledImages;
import io.tokenwise.image.Split;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Classes of images, judged by accuracy: the share of images of which the largest logit is that of their class.
 *
 * @param model that the images are prepared for
 * @param labels for each image the number of its class among the model's logits
 */
record ImageEvaluation(ImageDescription model, List<int[]> images, int[] labels, int classes) implements EvalTask {
    /**
     * Reads images with classes, as a model reads them.
     *
     * @param classes names those that the data has the numbers of only
     * @throws BadFileException if they are no such images, or one has a class that the model does not know
     */
    static ImageEvaluation read(Path data, Split split, String model, ClassesOption classes)
            throws IOException, InterruptedException {
        ImageDescription description;
        try (ModelFiles files = Models.open(model)) {
            description = files.image();
        }
        LabelledImages read = classes.named(description.reader().read(data, split), data);
        var numbers = new int[read.classes().size()];
        for (int c = 0; c < numbers.length; c++) {
            numbers[c] = description.labels().indexOf(read.classes().get(c));
            if (numbers[c] < 0) {
                throw new BadFileException(
                        data.toString(),
                        "has the class " + read.classes().get(c) + "; " + model + " knows "
                                + Info.classes(description.labels())
                                + (read.classes().equals(LabelledImageReader.DIGITS)
                                        ? "; --classes names those that are called 0 to 9"
                                        : ""));
            }
        }
        var labels = new int[read.size()];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = numbers[read.labels()[i]];
        }
        return new ImageEvaluation(description, read.pixels(), labels, numbers.length);
    }

    @Override
    public String name() {
        return "vit";
    }

    @Override
    public String data() {
        return images.size() + " images of " + classes + " classes";
    }

    @Override
    public long inputs() {
        return images.size();
    }

    @Override
    public String input() {
        return "image";
    }

    @Override
    public String defaultModel() {
        return CommonOptions.IMAGE_MODEL;
    }

    @Override
    public void check(ModelFiles other) {
        ImageDescription image = other.image();
        if (!image.labels().equals(model.labels())
                || !image.preparation().equals(model.preparation())
                || image.architecture().imageSize() != model.architecture().imageSize()) {
            throw new BadFileException(
                    image.name(), "has other classes, or reads other images, than " + model.name() + ", its student");
        }
    }

    @Override
    public List<Json.EvalRow> rows(EvalRuns runs, Progress progress) throws InterruptedException {
        var right = new HashMap<EvalRun, Integer>();
        for (int from = 0; from < images.size(); from += EvalRuns.BLOCK) {
            int first = from;
            var block = new EvalInputs.Images(images.subList(from, Math.min(images.size(), from + EvalRuns.BLOCK)));
            runs.encode(block, progress, (run, logits) -> right.merge(run, right(logits, first), Integer::sum));
        }
        return EvalRows.of(runs.all(), run -> Map.of(Metric.ACCURACY, (double) right.get(run) / images.size()));
    }

    private int right(float[][] logits, int first) {
        int right = 0;
        for (int i = 0; i < logits.length; i++) {
            right += Classification.likeliest(logits[i]) == labels[first + i] ? 1 : 0;
        }
        return right;
    }
}
