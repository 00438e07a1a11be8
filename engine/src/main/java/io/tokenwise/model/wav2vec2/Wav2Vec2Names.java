package io.tokenwise.model.wav2vec2;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.RenamedWeights.Origin;
import io.tokenwise.model.TensorNames;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Hugging Face's names, with or without something before all but the head's. The kernel of the convolution that tells positions is one tensor there, in two
 * parts ({@link WeightNorm}); ours are one for each of its groups.
 *
 * @param prefix what that is, such as {@code wav2vec2.}
 */
record Wav2Vec2Names(String prefix, int groups) implements TensorNames {
    private static final String HEAD = "lm_head.";

    @Override
    public WeightSource inOurForm(WeightSource file) {
        return WeightNorm.folded(file, Wav2Vec2.PLACES);
    }

    @Override
    public Map<String, Origin> origins(WeightSource source) {
        Map<String, Origin> origins = new LinkedHashMap<>();
        for (String name : source.names()) {
            String ours = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
            if (ours.startsWith(Wav2Vec2.PLACES + ".")) {
                for (int i = 0; i < groups; i++) {
                    origins.put(ours + "." + i, new Origin(name, i, groups));
                }
            } else {
                origins.put(ours, new Origin(name));
            }
        }
        if (!origins.containsKey(HEAD + "weight")) {
            throw new BadFileException(source.description(), Wav2Vec2Config.NO_HEAD);
        }
        return origins;
    }

    @Override
    public String written(String ours) {
        return ours.startsWith(HEAD) ? ours : prefix + ours;
    }

    @Override
    public Map<String, TensorData> inFilesForm(Map<String, TensorData> ours) {
        Map<String, TensorData> theirs = new LinkedHashMap<>(ours);
        theirs.keySet().removeIf(name -> name.startsWith(Wav2Vec2.PLACES + "."));
        theirs.put(Wav2Vec2.PLACES + ".bias", joined(ours, ".bias."));
        WeightNorm.unfold(joined(ours, ".weight."), Wav2Vec2.PLACES, theirs);
        return theirs;
    }

    /** Those of all groups one after the other. */
    private TensorData joined(Map<String, TensorData> ours, String part) {
        List<TensorData> each = new ArrayList<>();
        for (int i = 0; i < groups; i++) {
            each.add(ours.get(Wav2Vec2.PLACES + part + i));
        }
        long bytes = each.getFirst().floats().byteSize();
        MemorySegment all = MemorySegment.ofArray(new float[Math.toIntExact(groups * bytes / Float.BYTES)]);
        for (int i = 0; i < groups; i++) {
            MemorySegment.copy(each.get(i).floats(), 0, all, i * bytes, bytes);
        }
        long[] shape = each.getFirst().shape().clone();
        shape[0] *= groups;
        return new TensorData(shape, all);
    }
}
