package io.tokenwise.model.wav2vec2;

import io.tokenwise.io.JsonFile;
import io.tokenwise.model.Adaptable;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFamily;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.Network;
import io.tokenwise.model.Objective;
import io.tokenwise.model.RowMemory;
import io.tokenwise.model.SoundForm;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.TensorNames;
import io.tokenwise.nn.Convolution;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/**
 * wav2vec 2.0 (Baevski et al. 2020), XLS-R (Babu et al. 2021) and HuBERT (Hsu et al. 2021) that were trained with CTC, as Hugging Face has them: by huggingface/transformers
 * src/transformers/models/hubert/modular_hubert.py at 00c27dfbf5c8714c6af271aeb8dfaf866dd2bd48 HuBERT is the first under other names, but that it may lack a norm before frames are projected.
 */
public final class Wav2Vec2Family implements ModelFamily {
    public static final Wav2Vec2Family WAV2VEC2 = new Wav2Vec2Family("wav2vec2", "Wav2Vec2");
    public static final Wav2Vec2Family HUBERT = new Wav2Vec2Family("hubert", "Hubert");

    private final String name;
    private final String transformers;

    private Wav2Vec2Family(String name, String transformers) {
        this.name = name;
        this.transformers = transformers;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of(name);
    }

    @Override
    public SpeechDescription describe(ModelFolder folder, JsonFile config) throws IOException {
        return Wav2Vec2Config.read(this, folder, config);
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return new Wav2Vec2Names(name + ".", architecture(model).placeGroups());
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        return Wav2Vec2.of((SpeechDescription) model, parts);
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        return Wav2Vec2Config.config((SpeechDescription) model, transformers + "ForCTC");
    }

    @Override
    public Map<String, byte[]> filesBeside(ModelDescription model) {
        return Wav2Vec2Config.beside((SpeechDescription) model);
    }

    /** Frames cannot leave. */
    @Override
    public Adaptable adaptable(ModelDescription model) {
        return new Adaptable(false, "mlp", false, Adaptable.BY_TOKENS.controlLearners());
    }

    @Override
    public Objective objective(ModelDescription model) {
        return Objective.FRAMES;
    }

    /**
     * Of a frame its samples, what each convolution makes of them, as many as if it were a recording by itself, whose rows no other frame shares, the windows of
     * one group of columns and what it may be; besides, windows of one convolution at a time.
     */
    @Override
    public RowMemory memory(ModelDescription model) {
        Wav2Vec2Architecture sizes = architecture(model);
        SoundForm sound = ((SpeechDescription) model).sound();
        List<SoundForm.Step> steps = sound.convolutions();
        long windows = 0;
        long step = 1;
        long least = 1;
        long all = (long) sizes.placeWidth() * sizes.hiddenSize() / sizes.placeGroups() + sizes.vocabularySize();
        for (int i = steps.size() - 1; i >= 0; i--) {
            long inputs = i == 0 ? 1 : sizes.channels().get(i - 1);
            all += (step + least - 1) * sizes.channels().get(i);
            windows = Math.max(windows, step * steps.get(i).width() * inputs);
            least = (least - 1) * steps.get(i).step() + steps.get(i).width();
            step *= steps.get(i).step();
        }
        return new RowMemory(
                all + step + least - 1 + 6L * sizes.hiddenSize(),
                Math.min(Convolution.MOST_WINDOW_VALUES, Math.multiplyExact(windows, sound.mostFrames())));
    }

    private static Wav2Vec2Architecture architecture(ModelDescription model) {
        return (Wav2Vec2Architecture) model.architecture();
    }
}
