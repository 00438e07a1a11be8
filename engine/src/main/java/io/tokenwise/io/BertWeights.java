package io.tokenwise.io;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A BERT's weights under the names that this project uses, whatever the exporter put before them ({@code bert.},
 * {@code model.}) and whether its LayerNorms have the names of today or TensorFlow's gamma and beta.
 */
final class BertWeights implements WeightSource {
    private static final String WORDS = "embeddings.word_embeddings.weight";

    private final WeightSource source;
    private final Map<String, String> sourceNames;

    private BertWeights(WeightSource source, Map<String, String> sourceNames) {
        this.source = source;
        this.sourceNames = sourceNames;
    }

    /**
     * Takes over a source, once its tensors are found to fit the description. An adaptive model has
     * others too: who knows the {@code acm} object checks them, and says so if it lacks dense ones.
     */
    static BertWeights of(WeightSource source, ModelDescription description) {
        String file = source.description();
        String words = source.names().stream()
                .filter(name -> name.equals(WORDS) || name.endsWith("." + WORDS))
                .findFirst()
                .orElseThrow(
                        () -> new BadFileException(file, "has no tensor " + WORDS + ": not the weights of a BERT"));
        String prefix = words.substring(0, words.length() - WORDS.length());
        Map<String, String> names = new LinkedHashMap<>();
        for (String name : source.names()) {
            if (name.startsWith(prefix)) {
                String ours = name.substring(prefix.length())
                        .replace("LayerNorm.gamma", "LayerNorm.weight")
                        .replace("LayerNorm.beta", "LayerNorm.bias");
                names.put(ours, name);
            }
        }
        BertWeights weights = new BertWeights(source, names);
        description.architecture().tensors().forEach((name, shape) -> {
            boolean present = names.containsKey(name);
            if (!present && description.acm().isEmpty()) {
                throw new BadFileException(file, "has no tensor " + name);
            }
            if (present && !Arrays.equals(weights.shape(name), shape)) {
                throw new BadFileException(
                        file,
                        "tensor " + name + " has shape " + Arrays.toString(weights.shape(name))
                                + ", by the model's description it must be " + Arrays.toString(shape));
            }
        });
        return weights;
    }

    @Override
    public String description() {
        return source.description();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(sourceNames.keySet());
    }

    @Override
    public long[] shape(String name) {
        return source.shape(sourceName(name));
    }

    @Override
    public String type(String name) {
        return source.type(sourceName(name));
    }

    @Override
    public void read(String name, MemorySegment destination) {
        source.read(sourceName(name), destination);
    }

    @Override
    public void close() {
        source.close();
    }

    private String sourceName(String name) {
        String sourceName = sourceNames.get(name);
        if (sourceName == null) {
            throw new BadFileException(description(), "has no tensor " + name);
        }
        return sourceName;
    }
}
