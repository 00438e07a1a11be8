package io.tokenwise.fuzz;

import io.tokenwise.api.BadFileException;
import java.util.List;
import java.util.function.Predicate;

/**
 * A kind of file and who reads it.
 *
 * @param name as the command line and the corpus call it
 * @param file what a single file is called; null if the reader wants a folder
 * @param reader reads an input as a user would have it read
 * @param own what the reader may throw
 * @param forms how its files are built, beside being bytes
 * @param counted whether all is read by the calling thread, so that what it leaves behind can be counted
 */
public record Target(
        String name, String file, Reader reader, Predicate<Throwable> own, List<Form> forms, boolean counted) {
    public Target(String name, String file, Reader reader, Predicate<Throwable> own, List<Form> forms) {
        this(name, file, reader, own, forms, true);
    }

    /** Reads an input. */
    public interface Reader {
        /** @param place writes its files to the disk, for readers that want paths */
        void read(Input input, Workplace place) throws Exception;
    }

    /** A reader of a file that throws nothing but {@link BadFileException}. */
    public static Target file(String name, String file, Reader reader, Form... forms) {
        return new Target(name, file, reader, BadFileException.class::isInstance, List.of(forms));
    }

    /** The same of a folder. */
    public static Target folder(String name, Reader reader, Form... forms) {
        return file(name, null, reader, forms);
    }

    /** The same where other threads read. */
    public Target elsewhere() {
        return new Target(name, file, reader, own, forms, false);
    }

    boolean isFolder() {
        return file == null;
    }
}
