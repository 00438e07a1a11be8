package io.tokenwise.cli;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.distill.ControlWidths;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.Adaptable;
import io.tokenwise.model.ModelDescription;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** What of a dense model becomes adaptive, and how the adaptive model is stored. */
final class AdaptOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--adapt",
            paramLabel = "LIST",
            converter = NamesConverter.class,
            description = {
                "What becomes adaptive: tokens (the default for images and texts, but not for classes of tokens, which all stay), of which unimportant ones leave before the first layer, while layers get narrow; a budget is"
                        + " then a share of the time. Or in each layer mlp, and letters of the attention's projections q, k, v, o, by learners; projections written"
                        + " together share a gate: mlp or mlp,qkvo or q,k,v,o; a budget is then a share of the FLOPs (with --learners, or in a control: mlp,qk,vo is the"
                        + " default; speech: mlp, where mlp,vo spends less and writes about as well, q and k cost words, and cross-attention always stays dense)."
            })
    private String names;

    @Option(
            names = "--learners",
            paramLabel = "N",
            converter = LearnersConverter.class,
            description =
                    "Learners of each module; divides the MLPs' hidden units and an eighth of the hidden size, of a speech model a quarter (default: "
                            + Adaptable.LEARNERS + "; " + ControlWidths.LEARNERS
                            + " in a control, of speech half as many).")
    private Integer learners;

    @Option(
            names = "--mlp-learners",
            paramLabel = "N",
            converter = CommonOptions.CountConverter.class,
            description =
                    "How many of an MLP's learners have weights of their own: a token has at most so many, or all of the MLP (default: 1; for"
                            + " speech and in a control all but one).")
    private Integer mlpLearners;

    /** Checks the names while options are read, so that a mistake is one of usage. */
    static final class NamesConverter implements ITypeConverter<String> {
        @Override
        public String convert(String value) {
            try {
                AdaptiveLayers.parse(value, 2);
                return value;
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /** The same of how many learners there are. */
    static final class LearnersConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            int count = new CommonOptions.CountConverter().convert(value);
            try {
                return AdaptiveLayers.mlps(count).learners();
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    @Mixin
    private StoreOption store;

    StoredType stored() {
        return store.type();
    }

    /** By default MLPs of texts and images have one learner or all, those of speech any number (docs/lab/tried.md, docs/lab/speech-quality.md). */
    AdaptiveLayers layers(ModelDescription model) {
        int count = learners == null ? Adaptable.LEARNERS : learners;
        Adaptable adaptable = model.adaptable();
        boolean byLearners = !adaptable.tokens() || learners != null || mlpLearners != null;
        return layers(model, byLearners ? adaptable.usual() : "tokens", count, adaptable.usualMlpLearners(count));
    }

    /** For a control, whose widths are fixed. */
    AdaptiveLayers layersOfControl(ModelDescription model) {
        Adaptable adaptable = model.adaptable();
        if (names != null
                && AdaptiveLayers.parse(names, adaptable.controlLearners()).tokens()) {
            throw mistake("--adapt is " + names + ", but a control has learners: --adapt " + adaptable.usual());
        }
        int count = learners == null ? adaptable.controlLearners() : learners;
        return layers(model, adaptable.usual(), count, count - 1);
    }

    private AdaptiveLayers layers(ModelDescription model, String usual, int usualLearners, int usualMlpLearners) {
        AdaptiveLayers all =
                AdaptiveLayers.parse(names == null ? usual : names, learners == null ? usualLearners : learners);
        if (all.tokens() && !model.adaptable().tokens()) {
            throw mistake("--adapt is " + names + ", which cannot leave: " + model.name() + " is " + model.kind()
                    + "; mlp or projections of attention can be adaptive, such as "
                    + model.adaptable().usual());
        }
        if (all.tokens() && (learners != null || mlpLearners != null)) {
            throw mistake((learners != null ? "--learners" : "--mlp-learners")
                    + " is for models with learners: where tokens leave there are none; give --adapt "
                    + model.adaptable().usual());
        }
        if (mlpLearners != null && !all.mlp()) {
            throw mistake("--mlp-learners is for MLPs: --adapt " + names + " names no mlp");
        }
        if (mlpLearners != null && mlpLearners >= all.learners()) {
            throw mistake(
                    "--mlp-learners is " + mlpLearners + ", must be less than --learners, which is " + all.learners());
        }
        return all.withMlpLearners(mlpLearners == null ? usualMlpLearners : mlpLearners);
    }

    private ParameterException mistake(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
