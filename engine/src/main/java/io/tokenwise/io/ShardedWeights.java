package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Weights in several files and the index that says which tensor is in which of them, as transformers writes large models. Each
 * file is opened when the first of its tensors is asked for.
 */
public final class ShardedWeights implements WeightSource {
    /** The index of files of safetensors. */
    public static final String SAFETENSORS = "model.safetensors.index.json";

    /** The index of files of PyTorch. */
    public static final String PYTORCH = PyTorchFile.NAME + ".index.json";

    private static final String MAP = "weight_map";

    private final Path folder;
    private final String index;

    /** The file of each tensor. */
    private final Map<String, String> files;

    private final Map<String, WeightSource> open = new ConcurrentHashMap<>();

    private ShardedWeights(Path folder, String index, Map<String, String> files) {
        this.folder = folder;
        this.index = index;
        this.files = files;
    }

    /**
     * Opens an index in a folder; its files must be there.
     *
     * @param name {@link #SAFETENSORS} or {@link #PYTORCH}
     * @throws BadFileException if there is no index, it is not one, or a file that it names is absent or outside of the folder
     */
    public static ShardedWeights open(Path folder, String name) throws IOException {
        Path path = folder.resolve(name);
        String ending = name.equals(PYTORCH) ? ".bin" : ".safetensors";
        JsonFile json = JsonFile.parse(path.toString(), JsonFile.bytes(path));
        if (!json.root().path(MAP).isObject() || json.root().path(MAP).isEmpty()) {
            throw new BadFileException(json.file(), MAP + " must be an object that names the file of each tensor");
        }
        Map<String, String> files = new LinkedHashMap<>();
        json.root().get(MAP).properties().forEach(field -> {
            String file = field.getValue().isString() ? field.getValue().stringValue() : "";
            // A name without a separator stays in the folder; what a link there points to is its owner's affair, as for
            // a single file.
            if (!file.endsWith(ending) || file.indexOf('/') >= 0 || file.indexOf('\\') >= 0) {
                throw new BadFileException(
                        json.file(),
                        MAP + " has tensor " + field.getKey() + " in " + field.getValue() + "; must be a " + ending
                                + " file beside it");
            }
            files.put(field.getKey(), file);
        });
        for (String file : new LinkedHashSet<>(files.values())) {
            if (file.indexOf('\0') >= 0 || !Files.isRegularFile(folder.resolve(file))) {
                throw new BadFileException(json.file(), MAP + " names " + file + ", which is not there");
            }
        }
        return new ShardedWeights(folder, json.file(), files);
    }

    @Override
    public String description() {
        return index;
    }

    @Override
    public Set<String> names() {
        return files.keySet().stream()
                .filter(name -> !isScales(name))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** Those of a matrix of bytes are no tensor of their own. */
    private boolean isScales(String name) {
        String matrix =
                name.endsWith(Safetensors.SCALE) ? name.substring(0, name.length() - Safetensors.SCALE.length()) : name;
        return !matrix.equals(name) && files.containsKey(matrix) && type(matrix).equals("I8");
    }

    @Override
    public long[] shape(String name) {
        return holder(name).shape(name);
    }

    @Override
    public String type(String name) {
        return holder(name).type(name);
    }

    @Override
    public void read(String name, MemorySegment destination) {
        holder(name).read(name, destination);
    }

    private WeightSource holder(String name) {
        String file = files.get(name);
        if (file == null) {
            throw new BadFileException(index, "has no tensor " + name);
        }
        WeightSource holder = open.computeIfAbsent(file, this::open);
        if (!holder.names().contains(name)) {
            throw new BadFileException(index, MAP + " has tensor " + name + " in " + file + ", which has it not");
        }
        return holder;
    }

    private WeightSource open(String file) {
        Path path = folder.resolve(file);
        try {
            return file.endsWith(".bin") ? PyTorchFile.open(path) : Safetensors.open(path);
        } catch (IOException e) {
            throw new UncheckedIOException(path + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        open.values().forEach(WeightSource::close);
    }
}
