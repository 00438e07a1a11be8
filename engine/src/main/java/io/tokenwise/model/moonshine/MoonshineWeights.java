package io.tokenwise.model.moonshine;

import io.tokenwise.io.WeightSource;
import io.tokenwise.model.RenamedWeights;
import java.util.LinkedHashMap;
import java.util.Map;

/** Finds a Moonshine's tensors under the names of Hugging Face, with or without the leading {@code model.}. */
public final class MoonshineWeights {
    private MoonshineWeights() {}

    public static Map<String, RenamedWeights.Origin> origins(WeightSource source) {
        Map<String, RenamedWeights.Origin> origins = new LinkedHashMap<>();
        for (String name : source.names()) {
            origins.put(name.startsWith("model.") ? name.substring(6) : name, new RenamedWeights.Origin(name));
        }
        return origins;
    }
}
