package io.tokenwise.model;

import io.tokenwise.acm.config.AcmConfig;
import io.tokenwise.acm.config.ShortPathConfig;
import io.tokenwise.api.BadFileException;
import java.util.Optional;

/**
 * What config.json says of how a model is adaptive. Immutable.
 *
 * @param acm which modules have learners; empty if none has
 * @param shortPath how tokens leave; empty if none can
 */
public record AdaptiveConfig(Optional<AcmConfig> acm, Optional<ShortPathConfig> shortPath) {
    public static final AdaptiveConfig DENSE = new AdaptiveConfig(Optional.empty(), Optional.empty());

    /** @throws BadFileException if the description has no valid {@code acm} object */
    public static AdaptiveConfig of(ModelDescription description) {
        try {
            Optional<ShortPathConfig> shortPath = description.acm().flatMap(ShortPathConfig::fromJson);
            Optional<AcmConfig> acm =
                    shortPath.isPresent() ? Optional.empty() : description.acm().map(AcmConfig::fromJson);
            return new AdaptiveConfig(acm, shortPath);
        } catch (IllegalArgumentException e) {
            throw new BadFileException(description.name() + " config.json", e.getMessage());
        }
    }

    /** Name of the dense model that an adaptive one comes from; empty of a dense one. */
    Optional<String> teacher() {
        return shortPath.map(ShortPathConfig::teacher).or(() -> acm.map(AcmConfig::teacher));
    }
}
