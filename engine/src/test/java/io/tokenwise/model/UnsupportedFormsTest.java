package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.tokenwise.autograd.Parameters;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.kernels.Activation;
import io.tokenwise.model.LayerForm.NormPlace;
import io.tokenwise.model.LayerNames.Norms;
import io.tokenwise.model.LayerNames.Side;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.nn.NormForm;
import io.tokenwise.nn.Positions;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a form asks that no operation does is refused when the model is built: it would compute something else. */
class UnsupportedFormsTest {
    private static final NormForm NORM = NormForm.layerNorm(1e-5);
    private static final AttentionForm PLAIN = AttentionForm.plain(2, 4);
    private static final MlpForm MLP = MlpForm.gelu(12);

    private static final LayerNames NAMES = LayerNames.of(
                    "query", "key", "value", "output", "up", "down", new Norms("n1", "n2", "n3", "n4", "qn", "kn"))
            .gatedBy(Side.of("up"), Side.of("gate"));

    private static LayerForm layer(AttentionForm attention, MlpForm mlp) {
        return LayerForm.of(NormPlace.BEFORE, NORM, attention, mlp);
    }

    static Stream<Arguments> unsupported() {
        String mlp = "an MLP with ";
        return Stream.of(
                Arguments.of(
                        layer(PLAIN.with(new Positions.Rotary(4, 1e4, false, new double[] {1, 2}, 8)), MLP),
                        "rotary positions of neighbouring columns with scaled frequencies"),
                Arguments.of(
                        layer(PLAIN, new MlpForm(12, Activation.RELU, false, true, true)), mlp + "RELU"),
                Arguments.of(
                        layer(PLAIN, new MlpForm(12, Activation.GELU, true, true, true)), "a gated MLP with GELU"),
                Arguments.of(layer(PLAIN, new MlpForm(12, Activation.GELU, false, false, true)), "an MLP without biases"),
                Arguments.of(layer(PLAIN, new MlpForm(12, Activation.GELU, false, true, false)), "an MLP without biases"));
    }

    @ParameterizedTest
    @MethodSource("unsupported")
    void isRefusedInALine(LayerForm form, String what) {
        try (var parameters = new Parameters(new ShapeBackend())) {
            var sizes = new BertArchitecture(8, 1, 2, 12, 10, 10, 2, 1e-12);
            var parts = new LayerBuilder(parameters, sizes, AdaptiveConfig.DENSE);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> TransformerLayer.of("layers.0.", form, NAMES, parts))
                    .withMessageStartingWith(what)
                    .withMessageEndingWith(" not supported yet");
        }
    }
}
