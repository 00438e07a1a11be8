package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.tokenwise.TestModels;
import io.tokenwise.acm.config.ShortPathConfig;
import io.tokenwise.acm.leave.LeastWorth;
import io.tokenwise.acm.leave.NarrowLayers;
import io.tokenwise.acm.leave.PlanLosses;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.model.LayerForm.NormPlace;
import io.tokenwise.model.LayerNames.Norms;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Positions;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a form asks that no operation does is refused when the model is built: it would compute something else. */
class UnsupportedFormsTest {
    private static final AttentionForm PLAIN = AttentionForm.plain(2, 4);

    private static final LayerNames NAMES =
            LayerNames.of("query", "key", "value", "output", "up", "down", Norms.of("n1", "n2"));

    private static LayerForm layer(NormForm norm, AttentionForm attention) {
        return LayerForm.of(NormPlace.BEFORE, norm, attention, MlpForm.gelu(12));
    }

    static Stream<Arguments> unsupported() {
        var scaled = new Positions.Rotary(4, 1e4, false, new double[] {1, 2}, 8);
        return Stream.of(
                Arguments.of(
                        layer(NormForm.layerNorm(1e-5), PLAIN.with(scaled)),
                        "rotary positions of neighbouring columns with scaled frequencies are not supported yet"),
                Arguments.of(
                        layer(new NormForm(false, true, false, 1e-6), PLAIN),
                        "the norm layers.0.n1 must be a RMSNorm without shift"),
                Arguments.of(
                        layer(new NormForm(true, true, true, 1e-6), PLAIN),
                        "the norm layers.0.n1 must be a LayerNorm without 1 added to its gain"));
    }

    @ParameterizedTest
    @MethodSource("unsupported")
    void isRefusedInALine(LayerForm form, String what) {
        try (var parameters = new Parameters(new ShapeBackend())) {
            var sizes = new BertArchitecture(8, 1, 2, 12, 10, 10, 2, 1e-12);
            var parts = new LayerBuilder(parameters, sizes, AdaptiveConfig.DENSE);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> TransformerLayer.of("layers.0.", form, NAMES, parts))
                    .withMessage(what);
        }
    }

    private static boolean hasShortPath(AttentionForm attention) {
        try (var parameters = new Parameters(new ShapeBackend())) {
            var norm = NormForm.layerNorm(1e-5);
            var embeddings =
                    new EmbeddingForm(10, Optional.of(new EmbeddingForm.PositionTable(12, 2)), 0, 1, Optional.of(norm));
            var layer = LayerForm.of(NormPlace.AFTER, norm, attention, MlpForm.gelu(12));
            var form = new EncoderForm(8, embeddings, List.of(layer, layer), Optional.empty());
            var shortPath =
                    new ShortPathConfig("teacher", NarrowLayers.inOrder(2), LeastWorth.NONE, PlanLosses.unknown(2));
            var parts =
                    new LayerBuilder(parameters, form, new AdaptiveConfig(Optional.empty(), Optional.of(shortPath)));
            TextNetwork.of(
                    TestModels.DESCRIPTION,
                    form,
                    new EmbeddingForm.Names("words", "positions", null, "norm"),
                    "layers.",
                    NAMES,
                    null,
                    parts);
            return parts.stored().stream().anyMatch(tensor -> tensor.name().equals("short.layers.1.up.weight"));
        }
    }

    /** Whoever leaves takes a row with it. */
    @Test
    void tokensMustNotLeaveWhereAttentionCountsRows() {
        assertThat(hasShortPath(PLAIN)).isTrue();
        assertThat(hasShortPath(PLAIN.within(AttentionForm.ALL, 0))).isFalse();
        assertThat(hasShortPath(PLAIN.with(new Positions.Rotary(4, 1e4, true, new double[0], 12))))
                .isFalse();
    }
}
