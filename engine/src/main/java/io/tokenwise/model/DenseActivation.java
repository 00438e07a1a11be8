package io.tokenwise.model;

import io.tokenwise.io.JsonFile;
import io.tokenwise.kernels.Activation;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** What PyTorch calls activations, as files of sentence-transformers name them. */
enum DenseActivation {
    IDENTITY("torch.nn.modules.linear.Identity", null),
    TANH("torch.nn.modules.activation.Tanh", Activation.TANH),
    GELU("torch.nn.modules.activation.GELU", Activation.GELU),
    RELU("torch.nn.modules.activation.ReLU", Activation.RELU),
    SILU("torch.nn.modules.activation.SiLU", Activation.SILU);

    static final String FIELD = "activation_function";

    private final String torch;
    private final Activation ours;

    DenseActivation(String torch, Activation ours) {
        this.torch = torch;
        this.ours = ours;
    }

    /** What a dense layer's config.json says: tanh if nothing, as sentence-transformers has it. */
    static Optional<Activation> of(JsonFile config) {
        String name = config.root().path(FIELD).asString(TANH.torch);
        for (DenseActivation each : values()) {
            if (each.torch.equals(name)) {
                return Optional.ofNullable(each.ours);
            }
        }
        throw config.refuse(
                FIELD, Arrays.stream(values()).map(each -> each.torch).collect(Collectors.joining(", ")));
    }

    static String torch(Optional<Activation> ours) {
        return Arrays.stream(values())
                .filter(each -> each.ours == ours.orElse(null))
                .findFirst()
                .orElseThrow()
                .torch;
    }
}
