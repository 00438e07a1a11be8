package io.tokenwise.model.vit;

import io.tokenwise.io.JsonFile;
import io.tokenwise.model.Adaptable;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.LayerBuilder;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.ModelFamily;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelFolder;
import io.tokenwise.model.Network;
import io.tokenwise.model.Objective;
import io.tokenwise.model.RowMemory;
import io.tokenwise.model.TensorNames;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/** The Vision Transformer (Dosovitskiy et al. 2021) with a classifier, as Hugging Face and torchvision have it. */
public final class VitFamily implements ModelFamily {
    public static final VitFamily VIT = new VitFamily();

    private VitFamily() {}

    @Override
    public String name() {
        return "vit";
    }

    @Override
    public Set<String> modelTypes() {
        return Set.of("vit");
    }

    /** Of models that make images, and of a pooler, which no class comes from. */
    @Override
    public Set<String> unread() {
        return Set.of("encoder_stride", "pooler_act", "pooler_output_size");
    }

    /** torchvision's, which has no config.json. */
    @Override
    public Optional<ModelFiles> other(ModelFolder folder) throws IOException {
        return folder.has(ModelFolder.CONFIG) || !TorchvisionVit.isIn(folder)
                ? Optional.empty()
                : Optional.of(ModelFiles.of(TorchvisionVit.describe(folder), folder.weights(), null));
    }

    @Override
    public ImageDescription describe(ModelFolder folder, JsonFile config) throws IOException {
        return ImageConfig.read(folder, config);
    }

    @Override
    public TensorNames names(ModelDescription model) {
        return new VitWeights();
    }

    @Override
    public Network network(ModelDescription model, LayerBuilder parts) {
        return Vit.of((ImageDescription) model, parts);
    }

    @Override
    public ObjectNode config(ModelDescription model) {
        return ImageConfig.config((ImageDescription) model);
    }

    @Override
    public Map<String, byte[]> filesBeside(ModelDescription model) {
        return ImageConfig.beside((ImageDescription) model);
    }

    @Override
    public Adaptable adaptable(ModelDescription model) {
        return Adaptable.BY_TOKENS;
    }

    @Override
    public Objective objective(ModelDescription model) {
        return ((ImageDescription) model).several() ? Objective.SCORES : Objective.CLASSES;
    }

    /** A patch's values and what is made of them; an image's logits. */
    @Override
    public RowMemory memory(ModelDescription model) {
        var sizes = (VitArchitecture) model.architecture();
        return new RowMemory(sizes.patchValues() + sizes.hiddenSize() + sizes.classes() / sizes.tokens() + 1, 0);
    }
}
