package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * The named weights of a model, whatever the file they come from.
 *
 * <p>A BERT's weights have their Hugging Face names without the leading {@code bert.}, for example
 * {@code encoder.layer.0.attention.self.query.weight}, and are given row by row as float32; a linear layer's weight has
 * shape {@code [out, in]}. Reading from several threads is safe; closing while another thread reads is not.
 */
public interface WeightSource extends AutoCloseable {
    /** Where the weights come from, for messages: a file's path or a built-in model's name. */
    String description();

    /** The names of all tensors, in a stable order. */
    Set<String> names();

    /**
     * The shape of a tensor, outermost dimension first.
     *
     * @throws BadFileException if there is no such tensor
     */
    long[] shape(String name);

    /**
     * In which type a tensor's values are stored: safetensors' names, such as F32, BF16 and I8.
     *
     * @throws BadFileException if there is no such tensor
     */
    String type(String name);

    /**
     * Reads a whole tensor as float32 in the machine's byte order; float16, bfloat16, float64 and scaled bytes are converted.
     *
     * @param destination exactly four bytes for each element
     * @throws IllegalArgumentException if the destination has another size
     * @throws BadFileException if there is no such tensor, it holds none of these, or one of its values is NaN or
     *     infinite as a float32
     */
    void read(String name, MemorySegment destination);

    /**
     * The same of a tensor that may hold whole numbers, which are what they say: a matrix of bytes without scales, or rows of another tensor. From 2^24 on they are rounded.
     *
     * @throws BadFileException also if the file is of a kind of which none are read
     */
    default void readNumbers(String name, MemorySegment destination) {
        read(name, destination);
    }

    /** Releases the file or memory behind the weights. */
    @Override
    void close();
}
