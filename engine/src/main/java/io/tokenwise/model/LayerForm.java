package io.tokenwise.model;

import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import java.util.Optional;

/**
 * What a transformer's layer is, apart from its weights: attention and an MLP, each with a residual connection and a norm or two.
 *
 * @param attentionNorm of attention; of both its norms if they stand around it; empty if it has none
 * @param mlpNorm of the MLP likewise
 */
public record LayerForm(
        NormPlace place, Optional<NormForm> attentionNorm, NormForm mlpNorm, AttentionForm attention, MlpForm mlp) {
    /** Where the norms stand. */
    public enum NormPlace {
        /** {@code y = norm(x + f(x))} (Devlin et al. 2019). */
        AFTER,
        /** {@code y = x + f(norm(x))} (Dosovitskiy et al. 2021). */
        BEFORE,
        /** {@code y = x + norm(f(norm(x)))}, as Gemma has it. */
        AROUND
    }

    /** @throws IllegalArgumentException if attention has no norm where its result is normed */
    public LayerForm {
        if (attentionNorm.isEmpty() && place != NormPlace.BEFORE) {
            throw new IllegalArgumentException("attention without a norm, in a layer whose norms stand " + place);
        }
    }

    /** Both norms alike. */
    public static LayerForm of(NormPlace place, NormForm norm, AttentionForm attention, MlpForm mlp) {
        return new LayerForm(place, Optional.of(norm), norm, attention, mlp);
    }

    /** The same whose MLP has so many units. */
    LayerForm withUnits(int units) {
        return new LayerForm(place, attentionNorm, mlpNorm, attention, mlp.withUnits(units));
    }
}
