package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Made-up values: what is shown of them, and that a simulated device's speeds are not. */
class CudaTableTest {
    private static CudaTable.Builder builder(boolean simulated) {
        return new CudaTable.Builder(
                "title < 1", "note", simulated, CudaTable.label("what"), CudaTable.label("k"), CudaTable.speed("ms"));
    }

    @Test
    void speedsOfASimulatedDeviceAreDropped() {
        CudaTable.Builder builder = builder(true);
        builder.row("a", 2.5, 7.0);
        assertThat(builder.table().rows()).containsExactly(Arrays.asList("a", 2.5, null));
    }

    @Test
    void missingValuesAreNull() {
        CudaTable.Builder builder = builder(false);
        builder.row("a", 2.5, Double.NaN);
        builder.row("b", 3, 7.0);
        assertThat(builder.table().rows()).containsExactly(Arrays.asList("a", 2.5, null), List.of("b", 3, 7.0));
        assertThatThrownBy(() -> builder.row("c")).hasMessage("title < 1: 1 values for 3 columns");
    }

    @Test
    void pageMarksWhatIsSimulatedAndWhatFails() {
        var check = new CudaResults.Check("linear", "bf16", Double.NaN, 0.01);
        assertThat(check.holds()).isFalse();
        CudaTable.Builder builder = builder(true);
        builder.row("a", 2.5, 7.0);
        var results = new CudaResults(
                true,
                List.of(new CudaResults.Fact("card", "none")),
                List.of(check),
                List.of(builder.table()),
                List.of("dispatch: why"),
                List.of("left out"));
        String page = CudaPage.html(results);
        assertThat(page)
                .contains(
                        "<title>SIMULATED: Tokenwise on CUDA</title>",
                        "1 of 1 checks do not hold, and 1 parts failed",
                        "<h2>Failed</h2>",
                        "<li>dispatch: why</li>",
                        "<h2>SIMULATED: title &lt; 1</h2>",
                        "<th>SIMULATED: ms</th>",
                        "<td>a</td><td>2.500</td><td></td>")
                .doesNotContain("7.0");
        assertThat(CudaPage.text(results)).contains("SIMULATED: title < 1").doesNotContain("7.0");
        assertThat(results.asJson()).doesNotContain("7.0");
    }

    @Test
    void nothingHoldsWhereNoCheckRan() {
        var results = new CudaResults(false, List.of(), List.of(), List.of(), List.of(), List.of());
        assertThat(CudaPage.html(results)).contains("No check ran").doesNotContain("SIMULATED");
    }

    @Test
    void numbersAreShort() {
        assertThat(List.of(1234567.8, 12.34, 0.5, 0.0, 1.25e-5).stream().map(CudaTable::text))
                .containsExactly("1,234,568", "12.3", "0.500", "0.000", "1.25e-05");
        assertThat(CudaTable.text(null)).isEmpty();
        assertThat(CudaTable.text(4)).isEqualTo("4");
    }
}
