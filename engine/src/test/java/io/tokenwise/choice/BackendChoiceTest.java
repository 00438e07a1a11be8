package io.tokenwise.choice;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.ChildJvm;
import io.tokenwise.TestModels;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BackendChoice.Kind;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.natives.Isa;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is chosen, and what is refused, on machines with less than this one: other JVMs with the library or its instructions taken away. */
class BackendChoiceTest {
    /** All that tests ask for: a start of a JVM takes more than all of them. */
    private static final List<String> CHOICES = List.of(
            "AUTO auto",
            "ONEDNN auto",
            "CUDA auto",
            "AUTO F32",
            "VECTOR F32",
            "AUTO BF16",
            "AUTO S8",
            "ONEDNN S8",
            "AUTO S7");

    /** By the flag of the JVM, what came of each choice. */
    private static final Map<String, List<String>> OPENED = new HashMap<>();

    /** Opens each choice and tells in a line what came. */
    static final class Opener {
        private Opener() {}

        public static void main(String[] arguments) {
            CHOICES.forEach(Opener::open);
        }

        private static void open(String choice) {
            String[] words = choice.split(" ");
            Precision precision = words[1].equals("auto") ? null : Precision.valueOf(words[1]);
            try (Backend backend = Backends.open(new BackendChoice(Kind.valueOf(words[0]), precision), 1)) {
                boolean sevenBits = backend.name().endsWith(", weights in 7 bits)");
                System.out.println(
                        backend.kind() + " " + backend.precision() + (sevenBits ? ", weights in 7 bits" : ""));
            } catch (IllegalArgumentException e) {
                System.out.println("refused: " + e.getMessage());
            }
        }
    }

    private static final String AVX = "-Dtokenwise.onednn.isa=AVX";
    private static final String AVX2 = "-Dtokenwise.onednn.isa=AVX2";
    private static final String AVX512 = "-Dtokenwise.onednn.isa=AVX512_CORE";
    private static final String VNNI = "-Dtokenwise.onednn.isa=AVX512_CORE_VNNI";
    private static final String NO_LIBRARY = "-Dtokenwise.onednn.library=/nowhere/libdnnl.so.3";

    @Test
    void withoutTheLibraryVectorServesUnlessMoreIsAskedFor() throws Exception {
        assertThat(open(Kind.AUTO, "auto", NO_LIBRARY)).isEqualTo("VECTOR F32");
        assertThat(open(Kind.ONEDNN, "auto", NO_LIBRARY))
                .startsWith("refused: backend onednn: oneDNN is not available: /nowhere/libdnnl.so.3")
                .endsWith("; backend vector with precision f32 works without");
        assertThat(open(Kind.AUTO, "S8", NO_LIBRARY)).startsWith("refused: precision s8 needs oneDNN: ");
    }

    @Test
    void aCpuWithoutInstructionsForAPrecisionIsNotGivenIt() throws Exception {
        TestModels.oneDnn(Precision.S8, 1).close();
        assertThat(open(Kind.AUTO, "auto", AVX)).isEqualTo("VECTOR F32");
        assertThat(open(Kind.ONEDNN, "auto", AVX)).isEqualTo("ONEDNN F32");
        assertThat(open(Kind.AUTO, "S8", AVX))
                .isEqualTo("refused: precision s8: this CPU (AVX) has no instructions for it; it offers f32");
    }

    @Test
    void bytesAreForCpusWithVnniBfloat16ForThoseThatHaveIt() throws Exception {
        assumeHas(Isa.AVX512_CORE_VNNI);
        assertThat(open(Kind.AUTO, "BF16", VNNI))
                .isEqualTo("refused: precision bf16: this CPU (AVX512_CORE_VNNI) has no instructions for it;"
                        + " it offers f32 and s8");
        assertThat(open(Kind.AUTO, "auto", VNNI)).isEqualTo("ONEDNN S8");
    }

    @Test
    void withoutVnniSignedBytesHaveWeightsIn7Bits() throws Exception {
        TestModels.oneDnn(Precision.S8, 1).close();
        assertThat(open(Kind.AUTO, "auto", AVX2)).isEqualTo("ONEDNN S8, weights in 7 bits");
        assertThat(open(Kind.ONEDNN, "S8", AVX512)).isEqualTo("ONEDNN S8, weights in 7 bits");
    }

    @Test
    void sevenBitsOfBothAreThereWhereBytesAreAndOnlyIfAskedFor() throws Exception {
        TestModels.oneDnn(Precision.S8, 1).close();
        assertThat(open(Kind.AUTO, "S7", AVX2)).isEqualTo("ONEDNN S7");
        assertThat(open(Kind.AUTO, "S7", AVX))
                .isEqualTo("refused: precision s7: this CPU (AVX) has no instructions for it; it offers f32");
        assertThatThrownBy(() -> Backends.open(new BackendChoice(Kind.CUDA, Precision.S7), 1))
                .hasMessage("precision s7: backend cuda has f32 and bf16 and s8; use backend onednn, which has it");
        assertThatThrownBy(() -> Backends.open(new BackendChoice(Kind.VECTOR, Precision.S7), 1))
                .hasMessage("precision s7: backend vector has f32 only; use backend onednn, or precision f32");
    }

    /** Only where AVX-512 comes without bfloat16 is our own float32 slow. */
    @Test
    void float32IsOneDnnsWhereOursIsSlow() throws Exception {
        TestModels.oneDnn(Precision.S8, 1).close();
        assertThat(open(Kind.AUTO, "F32", AVX2)).isEqualTo("VECTOR F32");
        assertThat(open(Kind.AUTO, "F32", NO_LIBRARY)).isEqualTo("VECTOR F32");
        assumeHas(Isa.AVX512_CORE_BF16);
        assertThat(open(Kind.AUTO, "F32", "-Dtokenwise.onednn.isa=AVX512_CORE_BF16"))
                .isEqualTo("VECTOR F32");
        assertThat(open(Kind.AUTO, "F32", AVX512)).isEqualTo("ONEDNN F32");
        assertThat(open(Kind.AUTO, "F32", VNNI)).isEqualTo("ONEDNN F32");
        assertThat(open(Kind.VECTOR, "F32", VNNI)).isEqualTo("VECTOR F32");
    }

    /** A child is told to use less than the CPU has; more it cannot. */
    private static void assumeHas(Isa isa) {
        try (Backend oneDnn = TestModels.oneDnn(Precision.S8, 1)) {
            assumeTrue(Isa.valueOf(oneDnn.instructions()).includes(isa), "this CPU has no " + isa);
        }
    }

    @Test
    void withoutADriverCudaIsRefusedAndAutoTakesTheCpu() throws Exception {
        String nowhere = "-Dtokenwise.cuda.driver=/nowhere/libcuda.so.1";
        assertThat(open(Kind.CUDA, "auto", nowhere))
                .startsWith("refused: backend cuda: ")
                .contains("/nowhere/libcuda.so.1")
                .endsWith("; backends vector and onednn work without");
        assertThat(open(Kind.AUTO, "F32", nowhere)).isIn("VECTOR F32", "ONEDNN F32");
    }

    @Test
    void vectorHasFloat32Only() {
        assertThatThrownBy(() -> Backends.open(new BackendChoice(Kind.VECTOR, Precision.BF16), 1))
                .hasMessage("precision bf16: backend vector has f32 only; use backend onednn, or precision f32");
    }

    private static String open(Kind kind, String precision, String flag) throws IOException, InterruptedException {
        if (!OPENED.containsKey(flag)) {
            OPENED.put(flag, openAll(flag));
        }
        return OPENED.get(flag).get(CHOICES.indexOf(kind + " " + precision));
    }

    private static List<String> openAll(String flag) throws IOException, InterruptedException {
        Process process = ChildJvm.of(List.of(flag), Opener.class)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        List<String> lines = output.lines().toList();
        assertThat(lines).hasSameSizeAs(CHOICES);
        return lines;
    }
}
