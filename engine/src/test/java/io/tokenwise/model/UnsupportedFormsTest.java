package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.tokenwise.autograd.Parameters;
import io.tokenwise.model.LayerForm.NormPlace;
import io.tokenwise.model.LayerNames.Norms;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Positions;
import java.util.List;
import java.util.stream.Stream;
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
        var scaled = new Positions.Rotary(4, 1e4, false, List.of(1.0, 2.0), 8);
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
}
