package io.tokenwise;

import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.image.Image;
import io.tokenwise.image.ImageReader;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.WarmUp;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;

/**
 * Tells the classes of images with a Vision Transformer, dense or adaptive; what a service imports.
 *
 * <p>Thread-safe: any number of threads may call; {@link EngineOptions#concurrentCalls} of them run at once and the others wait. That of a virtual thread computes on one of
 * the engine's platform threads. An interrupt ends a call between two batches. A result does not depend on the number of threads nor on what else is in the call. Close waits
 * for running calls, then frees all native memory; later calls, and those that still wait for others, throw {@link IllegalStateException}.
 */
public final class ImageClassifier implements AutoCloseable {
    private final OpenModel model;
    private final ImageReader reader = new ImageReader();

    /** A large image takes much memory while it is read: as many at once as calls run. */
    private final Semaphore reading;

    ImageClassifier(OpenModel model) {
        this.model = model;
        reading = new Semaphore(model.options().concurrentCalls());
    }

    /**
     * Opens a model on an engine of its own with {@link EngineOptions#defaults}; to share one see {@link Engine#imageClassifier}.
     *
     * @param model a built-in name, such as {@code vit-cifar10-acm}, or a directory in Hugging Face's layout
     * @return the classifier, to be closed
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported, or the model is no image classifier
     * @throws IOException if a file cannot be read
     */
    public static ImageClassifier open(String model) throws IOException {
        return open(model, EngineOptions.defaults());
    }

    /**
     * Opens a model on an engine of its own; see {@link #open(String)}.
     *
     * @param model a built-in name or a directory
     * @param options what the engine may use
     * @return the classifier, to be closed
     * @throws IOException if a file cannot be read
     */
    public static ImageClassifier open(String model, EngineOptions options) throws IOException {
        return new ImageClassifier(OpenModel.open(model, options, ModelFiles::image));
    }

    /**
     * Opens a model from its files, which the classifier closes, also if this fails.
     *
     * @param files of the model
     * @param options what its engine may use
     * @return the classifier, to be closed
     * @throws io.tokenwise.api.BadFileException if the model is no image classifier
     */
    public static ImageClassifier open(ModelFiles files, EngineOptions options) {
        return new ImageClassifier(OpenModel.open(files, options, ModelFiles::image));
    }

    /**
     * {@return the class of an image in a file, at full budget; otherwise as {@link #classify(Path, Budget)}}
     *
     * @param file a JPEG or PNG
     * @throws IOException if it cannot be read
     */
    public Classification classify(Path file) throws IOException {
        return classify(file, Budget.FULL);
    }

    /**
     * The class of an image in a JPEG or PNG file. Reading takes up to 20 bytes of Java's heap for each pixel, of no more files at once than {@link
     * EngineOptions#concurrentCalls}.
     *
     * @param file a JPEG or PNG
     * @param budget what the image may cost
     * @return the likeliest class, and the probabilities of all
     * @throws io.tokenwise.api.BadFileException if the file is no such image, or a bad or too large one
     * @throws IOException if the file cannot be read
     */
    public Classification classify(Path file, Budget budget) throws IOException {
        return classifyPrepared(List.of(read(file).rgb()), List.of(budget), Deadline.NONE)
                .getFirst();
    }

    private Image read(Path file) throws IOException {
        reading.acquireUninterruptibly();
        try {
            return prepare(reader.read(file));
        } catch (IllegalArgumentException e) {
            // A strip of a thousand times its height cannot be resized.
            throw new BadFileException(file.toString(), e.getMessage(), e);
        } finally {
            reading.release();
        }
    }

    /**
     * {@return the class of an image, at full budget}
     *
     * @param image of any size
     */
    public Classification classify(Image image) {
        return classify(image, Budget.FULL);
    }

    /**
     * {@return the class of an image}
     *
     * @param image of any size
     * @param budget what it may cost
     */
    public Classification classify(Image image, Budget budget) {
        return classify(List.of(image), budget).getFirst();
    }

    /**
     * {@return the classes of many images, in their order, at full budget}
     *
     * @param images of any sizes
     */
    public List<Classification> classify(List<Image> images) {
        return classify(images, Budget.FULL);
    }

    /**
     * {@return the classes of many images, in their order}
     *
     * @param images of any sizes
     * @param budget what each of them may cost
     */
    public List<Classification> classify(List<Image> images, Budget budget) {
        return classify(images, Collections.nCopies(images.size(), budget));
    }

    /**
     * {@return the classes of many images, in their order}
     *
     * @param images of any sizes
     * @param budgets one for each image
     * @throws IllegalArgumentException if there are not as many budgets as images
     */
    public List<Classification> classify(List<Image> images, List<Budget> budgets) {
        return classify(images, budgets, Deadline.NONE);
    }

    /**
     * {@return the classes of many images, in their order}
     *
     * @param images of any sizes
     * @param budgets one for each image
     * @param deadline until when the classes are wanted
     * @throws IllegalArgumentException if there are not as many budgets as images
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public List<Classification> classify(List<Image> images, List<Budget> budgets, Deadline deadline) {
        return classifyPrepared(
                images.stream().map(image -> prepare(image).rgb()).toList(), budgets, deadline);
    }

    private List<Classification> classifyPrepared(List<int[]> pixels, List<Budget> budgets, Deadline deadline) {
        var classifications = new ArrayList<Classification>(pixels.size());
        Arrays.stream(model.encode(pixels, budgets, deadline))
                .forEach(logits -> classifications.add(classification(logits)));
        return classifications;
    }

    /**
     * {@return the image as the model reads it: resized, and cut to a square}
     *
     * @param image of any size
     * @throws IllegalArgumentException if its sides differ so much that it would become too large
     */
    public Image prepare(Image image) {
        return image.prepared(
                description().preparation(), description().architecture().imageSize());
    }

    private ImageDescription description() {
        return model.files().image();
    }

    /** {@return what the model is called} */
    public String name() {
        return description().name();
    }

    /** {@return what classes are called, in the order of {@link Classification#probabilities}} */
    public List<String> labels() {
        return description().labels();
    }

    /**
     * {@return what the model's logits of an image say}
     *
     * @param logits of all classes
     */
    public Classification classification(float[] logits) {
        return Classification.of(logits, labels(), description().several());
    }

    /** {@return whether budgets change what it does; a dense model ignores them} */
    public boolean isAdaptive() {
        return model.encoder().isAdaptive();
    }

    /**
     * Classifies images at several budgets until that gets no faster, which takes up to eight seconds: the JVM compiles what runs often. To be called before a service says that it is
     * ready. It takes one of the calls that run at the same time.
     *
     * @throws IllegalStateException if it is closed
     */
    public void warmUp() {
        int size = description().architecture().imageSize();
        int[] pixels =
                new SplittableRandom(1).ints((long) size * size, 0, 1 << 24).toArray();
        WarmUp.atBudgets(model.encoder(), budget -> model.encode(List.of(pixels), List.of(budget)));
    }

    /** {@return the model behind, for this project's own modules} */
    public OpenModel model() {
        return model;
    }

    @Override
    public void close() {
        model.close();
    }
}
