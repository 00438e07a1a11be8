package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * The weights of a folder and those of folders in it, whose tensors have the folder's name and a slash before their own.
 *
 * @param own of the folder itself
 * @param inFolders of others by their names
 */
public record FolderWeights(WeightSource own, Map<String, WeightSource> inFolders) implements WeightSource {
    /** Whether a tensor is in a folder of the model's folder, by its name. */
    public static boolean isInFolder(String tensor) {
        return tensor.indexOf('/') > 0;
    }

    /** The folder's name. */
    public static String folder(String tensor) {
        return tensor.substring(0, tensor.indexOf('/'));
    }

    /** What the folder's file calls a tensor. */
    public static String nameThere(String tensor) {
        return tensor.substring(tensor.indexOf('/') + 1);
    }

    @Override
    public String description() {
        return own.description();
    }

    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>(own.names());
        inFolders.forEach((folder, weights) -> weights.names().forEach(name -> names.add(folder + "/" + name)));
        return names;
    }

    @Override
    public long[] shape(String name) {
        return isOther(name) ? other(name).shape(nameThere(name)) : own.shape(name);
    }

    @Override
    public String type(String name) {
        return isOther(name) ? other(name).type(nameThere(name)) : own.type(name);
    }

    @Override
    public void read(String name, MemorySegment destination) {
        if (isOther(name)) {
            other(name).read(nameThere(name), destination);
        } else {
            own.read(name, destination);
        }
    }

    @Override
    public void readNumbers(String name, MemorySegment destination) {
        if (isOther(name)) {
            other(name).readNumbers(nameThere(name), destination);
        } else {
            own.readNumbers(name, destination);
        }
    }

    private boolean isOther(String name) {
        return isInFolder(name) && !own.names().contains(name);
    }

    private WeightSource other(String name) {
        WeightSource other = inFolders.get(folder(name));
        if (other == null) {
            throw new BadFileException(description(), "has no tensor " + name);
        }
        return other;
    }

    @Override
    public void close() {
        own.close();
        inFolders.values().forEach(WeightSource::close);
    }
}
