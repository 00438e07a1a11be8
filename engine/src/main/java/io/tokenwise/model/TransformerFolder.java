package io.tokenwise.model;

import io.tokenwise.io.WeightSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * A folder of sentence-transformers in which the model's own files have a folder too, such as {@code 0_Transformer} or {@code 0_StaticEmbedding}, beside those of the other modules.
 *
 * @param all the folder of all modules
 * @param own the name of the model's
 */
public record TransformerFolder(ModelFolder all, String own) implements ModelFolder {
    private static final Set<String> OF_ALL = Set.of(SentenceModules.FILE, SentenceRouter.FILE, SentenceFiles.PROMPTS);

    /** The same folder, as one in which the model's own files lie. */
    public static ModelFolder of(ModelFolder folder) throws IOException {
        String own = SentenceModules.read(folder).own();
        return own.isEmpty() ? folder : new TransformerFolder(folder, own);
    }

    /** Whether sentence-transformers has no transformer there, but a table of tokens' vectors (StaticEmbedding), beside which it reads no config.json. */
    public static boolean isTable(ModelFolder folder) throws IOException {
        return SentenceModules.read(folder).isTable();
    }

    private String place(String file) {
        boolean ofAll = OF_ALL.contains(file) || file.contains("/");
        return ofAll ? file : own + "/" + file;
    }

    @Override
    public ModelFolder all() {
        return all;
    }

    @Override
    public String name() {
        return all.name();
    }

    @Override
    public String file(String name) {
        return all.file(place(name));
    }

    @Override
    public boolean has(String name) {
        return all.has(place(name));
    }

    @Override
    public Optional<Path> path() {
        return all.path().map(path -> path.resolve(own));
    }

    @Override
    public byte[] json(String name) throws IOException {
        return all.json(place(name));
    }

    @Override
    public WeightSource weights() throws IOException {
        return all.weights(own);
    }

    @Override
    public WeightSource weights(String folder) throws IOException {
        return all.weights(folder);
    }
}
