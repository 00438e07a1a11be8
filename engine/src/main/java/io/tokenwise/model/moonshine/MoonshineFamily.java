package io.tokenwise.model.moonshine;

import io.tokenwise.io.JsonFile;
import io.tokenwise.model.Adaptable;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFamily;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.Network;
import io.tokenwise.model.Objective;
import io.tokenwise.model.RowMemory;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.TensorNames;
import io.tokenwise.nn.Decoding;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/** Moonshine (Jeffries et al. 2024), which writes what is said, as Hugging Face and the npm package moonshine-js have it. */
public final class MoonshineFamily implements ModelFamily {
    public static final MoonshineFamily MOONSHINE = new MoonshineFamily();

    private MoonshineFamily() {}

    @Override
    public String name() {
        return "moonshine";
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of("moonshine");
    }

    /** In ONNX files, which say its sizes too. */
    @Override
    public Optional<ModelFiles> other(ModelFolder folder) throws IOException {
        Optional<Path> path = folder.path().filter(MoonshineOnnx::isIn);
        if (path.isEmpty()) {
            return Optional.empty();
        }
        MoonshineOnnx source = MoonshineOnnx.open(path.get());
        try {
            SpeechDescription description = SpeechConfig.description(source.architecture(), folder, Optional.empty());
            return Optional.of(ModelFiles.of(description, source, null));
        } catch (Throwable e) {
            source.close();
            throw e;
        }
    }

    @Override
    public SpeechDescription describe(ModelFolder folder, JsonFile config) throws IOException {
        return SpeechConfig.read(folder, config);
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return TensorNames.behind("model.");
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        return Moonshine.of((SpeechDescription) model, parts);
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        return SpeechConfig.config((SpeechDescription) model);
    }

    @Override
    public Map<String, byte[]> filesBeside(ModelDescription model) {
        return SpeechConfig.beside((SpeechDescription) model);
    }

    /** Frames cannot leave. Heads of 36 and 52 columns cannot be cut into 16. */
    @Override
    public Adaptable adaptable(ModelDescription model) {
        return new Adaptable(false, "mlp", false, Adaptable.BY_TOKENS.controlLearners() / 2);
    }

    @Override
    public Objective objective(ModelDescription model) {
        return Objective.NEXT_TOKENS;
    }

    /** Of a frame its samples, and what the front end makes of them; besides, the keys and values of the decoder's layers, of all frames and tokens. */
    @Override
    public RowMemory memory(ModelDescription model) {
        var sizes = (MoonshineArchitecture) model.architecture();
        long hidden = sizes.hiddenSize();
        // The first convolution has 6 rows, the second 2 of twice the width; the windows of only one are there at a
        // time.
        long windows = Math.max(6 * 127, 2 * 7 * hidden);
        long frontEnd = MoonshineArchitecture.SOUND.frameSamples() + hidden * (6 + 2 * 2 + 2) + windows;
        long tokens = Decoding.columns(MoonshineArchitecture.SOUND.mostFrames())
                + Decoding.columns(MoonshineArchitecture.mostTokens());
        long decoder = sizes.decoderLayers() * (2 * hidden * tokens + 12 * hidden + 4L * sizes.intermediateSize())
                + sizes.vocabularySize();
        return new RowMemory(frontEnd, decoder);
    }
}
