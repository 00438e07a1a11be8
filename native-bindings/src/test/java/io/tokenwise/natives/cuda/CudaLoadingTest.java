package io.tokenwise.natives.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.natives.generated.cublaslt.CublasLtApi;
import io.tokenwise.natives.generated.nvrtc.NvrtcApi;
import io.tokenwise.natives.loading.SharedLibrary;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where CUDA's libraries are looked for and what is said when they do not serve. A process loads one of each, so each case has its own JVM. */
class CudaLoadingTest {
    private static final String DRIVER = "-D" + DriverLibrary.PROPERTY + "=";
    private static final String NVRTC = "-D" + Nvrtc.PROPERTY + "=";

    @TempDir
    Path folder;

    /** What the other JVM does: opens each library that is named, and tells about it. */
    static final class Probe {
        private Probe() {}

        public static void main(String[] arguments) {
            for (String what : arguments) {
                System.out.println(what + ": " + open(what));
            }
        }

        private static String open(String what) {
            try {
                if (what.equals("nvrtc")) {
                    Nvrtc nvrtc = Nvrtc.open();
                    byte[] cubin = nvrtc.compile(
                            "extern \"C\" __global__ void nothing() {}", "nothing.cu", "sm_90", List.of());
                    return nvrtc + " compiled " + cubin.length;
                }
                if (what.equals("cublaslt")) {
                    return cublasLt();
                }
                try (Cuda cuda = Cuda.open()) {
                    return "opened " + cuda.device() + " from " + cuda.location();
                }
            } catch (CudaUnavailableException | RuntimeException e) {
                return e.getClass().getSimpleName() + ": " + e.getMessage();
            }
        }
    }

    /** Without a device there is no handle, but all descriptors. The driver is the stub. */
    private static String cublasLt() throws CudaUnavailableException {
        try (Cuda cuda = Cuda.open()) {
            try {
                CublasLt.open(cuda);
                return "opened";
            } catch (CudaUnavailableException e) {
                try (Arena arena = Arena.ofConfined()) {
                    LtDescriptors.preference(arena, 1 << 20);
                    for (int bits = 0; bits < 16; bits++) {
                        LtType type = (bits & 8) == 0 ? LtType.F32 : LtType.BF16;
                        var spec = new LtSpec(384, 1536, type, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
                        new LtDescriptors(arena, spec, 77, 256);
                    }
                    // As weights that are packed with a stride, of odd sizes.
                    new LtDescriptors(arena, new LtSpec(33, 258, LtType.BF16, false, true, true, 40, 40, 260), 1, 0);
                }
                return "described; " + e.getMessage();
            }
        }
    }

    @Test
    void theRealCublasLtTakesOurDescriptorsAndSaysThatThereIsNoDevice() throws Exception {
        Path real = RealLibraries.file("libcublasLt.so.12");
        Path stub = StubDriver.build(folder);
        assertThat(probe(Map.of(), List.of(DRIVER + stub, "-Dtokenwise.cuda.cublaslt=" + real), "cublaslt"))
                .contains("cublaslt: described; cuBLASLt is not available: " + real
                        + ": CUDA: cublasLtCreate: CUBLAS_STATUS_");
    }

    @Test
    void withoutADriverTheReasonSaysWhatWouldBeRight() throws Exception {
        String told = probe(Map.of(), List.of(), "cuda");
        assumeTrue(!told.contains("opened"), "there is a device: " + told);
        assertThat(told)
                .satisfiesAnyOf(
                        line -> assertThat(line)
                                .isEqualTo(
                                        "cuda: CudaUnavailableException: CUDA is not available: the dynamic linker finds"
                                                + " no libcuda.so.1; install NVIDIA's driver, 550 or newer, or set"
                                                + " -Dtokenwise.cuda.driver=FILE\n"),
                        line -> assertThat(line).contains("CUDA_ERROR_"));
    }

    @Test
    void aFileThatDoesNotServeIsNamedWithTheReason() throws Exception {
        assertThat(driver(folder.resolve("libabsent.so")))
                .endsWith("CUDA is not available: " + folder.resolve("libabsent.so") + ": there is no such file\n");
        assertThat(driver(Path.of("libcuda.so"))).contains("libcuda.so: the path must be absolute");
        Path text = Files.writeString(folder.resolve("libtext.so"), "this is no library\n".repeat(999));
        assertThat(driver(text)).contains(": invalid ELF header").hasLineCount(1);
    }

    @Test
    void theStubsAnswersBecomeReasons() throws Exception {
        Path stub = StubDriver.build(folder);
        assertThat(answers(stub, "")).contains("opened Device[ordinal=0, name=tokenwise fake stub");
        assertThat(answers(stub, "version=12020"))
                .contains("the driver is too old: it serves CUDA 12.2, but 12.4 (driver 550) or newer is needed");
        assertThat(answers(stub, "cuDriverGetVersion=34")).contains("it is the toolkit's stub for linking, no driver");
        assertThat(answers(stub, "cuInit=100"))
                .contains("the driver finds no device (CUDA_ERROR_NO_DEVICE, 100): there is no NVIDIA GPU");
        assertThat(answers(stub, "devices=-1")).contains("the driver finds no device");
        assertThat(answers(stub, "cuInit=803"))
                .contains(
                        "cuInit: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803): libcuda and the kernel module are of different");
        assertThat(answers(stub, "cuInit=999")).contains("cuInit: CUDA_ERROR_OF_STUB (999): what the stub says");
        assertThat(probe(
                        Map.of("STUB_ANSWERS", "cuInit=100", "CUDA_VISIBLE_DEVICES", ""),
                        List.of(DRIVER + stub),
                        "cuda"))
                .contains("CUDA_VISIBLE_DEVICES='' may hide all; unset it or name one that exists");
        assertThat(probe(
                        Map.of("STUB_ANSWERS", "devices=2"),
                        List.of(DRIVER + stub, "-Dtokenwise.cuda.device=2"),
                        "cuda"))
                .contains("there is no device 2, only 0 to 1");
        assertThat(probe(Map.of(), List.of(DRIVER + stub, "-Dtokenwise.cuda.device=first"), "cuda"))
                .contains("-Dtokenwise.cuda.device=first is no number of a device; 0 is the first");
    }

    @Test
    void aMissingSymbolIsNamedAndAnOptionalOneIsNot() throws Exception {
        assertThat(driver(StubDriver.build(folder, "-DSTUB_WITHOUT_LAUNCH")))
                .contains("it has no symbol cuLaunchKernel");
        Path other = Files.createDirectory(folder.resolve("other"));
        assertThat(driver(StubDriver.build(other, "-DSTUB_WITHOUT_PARAMETERS"))).contains("opened");
    }

    @Test
    void eachOperationIsWaitedForWhereAsked() throws Exception {
        Path stub = StubDriver.build(folder);
        Process process = start(
                Map.of("STUB_ANSWERS", "cuStreamSynchronize=700"),
                List.of(DRIVER + stub, "-Dtokenwise.cuda.synchronous=true"),
                Synchronous.class);
        assertThat(output(process)).isEqualTo("CUDA: fill8: CUDA_ERROR_ILLEGAL_ADDRESS (700): what the stub says\n");
    }

    /** What the other JVM does: one operation that fails on the device. */
    static final class Synchronous {
        private Synchronous() {}

        public static void main(String[] arguments) throws CudaUnavailableException {
            try (Cuda cuda = Cuda.open();
                    CuStream stream = cuda.stream()) {
                stream.fill8(cuda.allocate(8), (byte) 0, 8);
            } catch (CudaException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void theRealDriverHasAllThatIsBoundAndSaysThatThereIsNoDevice() throws Exception {
        Path real = RealLibraries.file("libcuda.so.1");
        assertThat(missing(real, DriverLibrary.needed())).isEmpty();
        String told = driver(real);
        assumeTrue(!told.contains("opened"), "there is a device: " + told);
        assertThat(told)
                .hasLineCount(1)
                .contains("CUDA is not available: the driver finds no device (CUDA_ERROR_NO_DEVICE, 100): ");
    }

    @Test
    void theRealLibrariesHaveAllThatIsBound() {
        assertThat(missing(RealLibraries.file("libnvrtc.so.12"), SharedLibrary.boundFunctions(NvrtcApi.class)))
                .isEmpty();
        assertThat(missing(RealLibraries.file("libcublasLt.so.12"), SharedLibrary.boundFunctions(CublasLtApi.class)))
                .isEmpty();
    }

    @Test
    void nvrtcIsFoundByFileAndByFolderWithItsBuiltins() throws Exception {
        Path real = RealLibraries.file("libnvrtc.so.12");
        assertThat(probe(Map.of(), List.of(NVRTC + real), "nvrtc")).contains("NVRTC 12.4 from " + real + " compiled ");
        String folders = "-Dtokenwise.cuda.path=" + folder + ":" + RealLibraries.folder();
        assertThat(probe(Map.of(), List.of(folders), "nvrtc")).contains("from ").contains(" compiled ");
        assertThat(probe(Map.of(), List.of(NVRTC + RealLibraries.file("libnvrtc-builtins.so.12.4")), "nvrtc"))
                .contains("NVRTC is not available: ")
                .contains(": it is not NVRTC: it has no symbol nvrtcVersion");
    }

    @Test
    void nvrtcWithoutItsBuiltinsSaysSo() throws Exception {
        Path copy = folder.resolve("libnvrtc.so.12");
        Files.copy(RealLibraries.file("libnvrtc.so.12"), copy);
        assertThat(probe(Map.of(), List.of(NVRTC + copy), "nvrtc"))
                .contains(
                        "NvrtcException: NVRTC: compile nothing.cu for sm_90: NVRTC_ERROR_BUILTIN_OPERATION_FAILURE (7): "
                                + "there is no libnvrtc-builtins.so.12.4 beside " + copy);
    }

    @Test
    void withoutNvrtcEachPlaceIsNamed() throws Exception {
        String told = probe(Map.of(), List.of("-Dtokenwise.cuda.path=" + folder), "nvrtc");
        assumeTrue(!told.contains("compiled"), "the system has NVRTC: " + told);
        assertThat(told)
                .hasLineCount(1)
                .contains("NVRTC is not available: org.bytedeco:cuda-redist (linux-x86_64): not on the class path; "
                        + "system: the dynamic linker finds no libnvrtc.so.13; "
                        + "system: the dynamic linker finds no libnvrtc.so.12; "
                        + "folders: no libnvrtc.so.13 or libnvrtc.so.12 that serves in [" + folder + "]");
    }

    @Test
    void aMissingDriverDoesNotHinderTheCompiler() throws Exception {
        Path real = RealLibraries.file("libnvrtc.so.12");
        assertThat(probe(Map.of(), List.of(NVRTC + real, DRIVER + folder.resolve("libabsent.so")), "cuda", "nvrtc"))
                .contains("cuda: CudaUnavailableException")
                .contains("nvrtc: NVRTC 12.4");
    }

    private static List<String> missing(Path file, List<String> symbols) {
        SymbolLookup library = SymbolLookup.libraryLookup(file, Arena.global());
        return symbols.stream().filter(name -> library.find(name).isEmpty()).toList();
    }

    private static String driver(Path file) throws IOException, InterruptedException {
        return probe(Map.of(), List.of(DRIVER + file), "cuda");
    }

    private static String answers(Path stub, String answers) throws IOException, InterruptedException {
        return probe(Map.of("STUB_ANSWERS", answers), List.of(DRIVER + stub), "cuda");
    }

    private static String probe(Map<String, String> environment, List<String> flags, String... what)
            throws IOException, InterruptedException {
        return output(start(environment, flags, Probe.class, what));
    }

    private static Process start(Map<String, String> environment, List<String> flags, Class<?> main, String... what)
            throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED"));
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(what));
        var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().remove("CUDA_VISIBLE_DEVICES");
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static String output(Process process) throws IOException, InterruptedException {
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
