package io.tokenwise.model;

import io.tokenwise.io.TensorData;
import io.tokenwise.io.WeightSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Under which names files have a model's tensors, and in which form. */
@FunctionalInterface
public interface TensorNames {
    /**
     * Where each of our tensors comes from, by our names.
     *
     * @throws io.tokenwise.api.BadFileException if these are not weights of such a model
     */
    Map<String, RenamedWeights.Origin> origins(WeightSource source);

    /** What Python's transformers calls a tensor of ours. */
    default String written(String ours) {
        return ours;
    }

    /** The tensors that follow from those of a file, where it has another form of some. */
    default WeightSource inOurForm(WeightSource file) {
        return file;
    }

    /** The tensors of a file, by our names, of all of ours: where it has another form of some, theirs. */
    default Map<String, TensorData> inFilesForm(Map<String, TensorData> ours) {
        return ours;
    }

    /**
     * The same of a model whose head stands beside it: as transformers reads that, the model's own tensors have the first prefix before their names, and the head's
     * have not.
     *
     * @param heads what names of the head's tensors begin with
     */
    static TensorNames behind(String prefix, ModelDescription model, String... heads) {
        TensorNames names = behind(prefix);
        if (((TextDescription) model).output() instanceof TextOutput.Vectors) {
            return names;
        }
        return new TensorNames() {
            @Override
            public Map<String, RenamedWeights.Origin> origins(WeightSource source) {
                return names.origins(source);
            }

            @Override
            public String written(String ours) {
                return List.of(heads).stream().anyMatch(ours::startsWith) ? ours : prefix + ours;
            }
        };
    }

    /** Our names, in files possibly with one of these before them. */
    static TensorNames behind(String... prefixes) {
        return source -> {
            Map<String, RenamedWeights.Origin> origins = new LinkedHashMap<>();
            for (String name : source.names()) {
                String prefix = List.of(prefixes).stream()
                        .filter(name::startsWith)
                        .findFirst()
                        .orElse("");
                origins.put(name.substring(prefix.length()), new RenamedWeights.Origin(name));
            }
            return origins;
        };
    }
}
