package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.tokenwise.natives.generated.nvrtc.NvrtcApi;
import io.tokenwise.natives.loading.JarLibrary;
import io.tokenwise.natives.loading.SharedLibrary;
import io.tokenwise.natives.loading.UnfitLibraryException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntBiFunction;
import java.util.regex.Pattern;

/**
 * NVRTC, the compiler of CUDA C at run time. It needs neither driver nor device. The library is looked for in the file that the system property
 * {@value #PROPERTY} names; else in the jar org.bytedeco:cuda-redist with classifier linux-x86_64; else where the system's dynamic linker
 * looks; else in the folders of {@value ToolkitLibrary#FOLDERS}. There is nothing to close, and threads may share it.
 */
public final class Nvrtc {
    static final String PROPERTY = "tokenwise.cuda.nvrtc";

    private static final String JAR_FOLDER = "org/bytedeco/cuda/linux-x86_64/";
    private static final String NAME = "libnvrtc.so.13";
    private static final String OLDER_NAME = "libnvrtc.so.12";
    private static final String BUILTINS = "libnvrtc-builtins.so.";
    private static final Pattern ARCH = Pattern.compile("(sm|compute)_[0-9]+[af]?");

    private final String location;
    private final int version;

    private Nvrtc(String location) {
        this.location = location;
        this.version = loadedVersion();
    }

    /** Loads the library from the first place that has it. */
    public static Nvrtc open() throws CudaUnavailableException {
        try {
            return new Nvrtc(library().load());
        } catch (IllegalCallerException e) {
            // Native access is forbidden to this module.
            throw new CudaUnavailableException("NVRTC is not available: " + e.getMessage());
        }
    }

    private static ToolkitLibrary library() {
        var files = new ArrayList<>(JarLibrary.names(JAR_FOLDER, NAME, BUILTINS));
        files.add(NAME);
        return new ToolkitLibrary(
                "NVRTC",
                PROPERTY,
                new JarLibrary.Content("nvrtc", JAR_FOLDER, List.copyOf(files)),
                "org.bytedeco:cuda-redist (linux-x86_64)",
                List.of(NAME, OLDER_NAME),
                "nvrtcVersion",
                Nvrtc::judge,
                Nvrtc::loadBuiltins);
    }

    private static void judge(SymbolLookup library) throws UnfitLibraryException {
        if (library.find("nvrtcVersion").isEmpty()) {
            throw new UnfitLibraryException("it is not NVRTC: it has no symbol nvrtcVersion");
        }
        SharedLibrary.require(library, SharedLibrary.boundFunctions(NvrtcApi.class));
    }

    /** NVRTC opens its builtins by their bare name, which the dynamic linker finds only where it has loaded them already. */
    private static void loadBuiltins(Path library) throws UnfitLibraryException {
        int version = loadedVersion();
        Path builtins = library.resolveSibling(BUILTINS + Device.version(version));
        if (Files.isRegularFile(builtins)) {
            SharedLibrary.load(builtins, Arena.global(), symbols -> {});
        }
    }

    private static int loadedVersion() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment major = arena.allocate(JAVA_INT);
            MemorySegment minor = arena.allocate(JAVA_INT);
            check(NvrtcApi.nvrtcVersion(major, minor), "nvrtcVersion", "");
            return 1000 * major.get(JAVA_INT, 0) + 10 * minor.get(JAVA_INT, 0);
        }
    }

    /** The file that it was loaded from. */
    public String location() {
        return location;
    }

    /** The CUDA that it belongs to: 13000 is 13.0. */
    public int version() {
        return version;
    }

    /** The architectures that it compiles for: 90 is sm_90. */
    public int[] supportedArchitectures() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(JAVA_INT);
            check(NvrtcApi.nvrtcGetNumSupportedArchs(count), "nvrtcGetNumSupportedArchs", "");
            MemorySegment archs = arena.allocate(JAVA_INT, count.get(JAVA_INT, 0));
            check(NvrtcApi.nvrtcGetSupportedArchs(archs), "nvrtcGetSupportedArchs", "");
            return archs.toArray(JAVA_INT);
        }
    }

    /**
     * Compiles a program.
     *
     * @param name of the file, in messages
     * @param arch {@code sm_90} gives a cubin, {@code compute_90} gives PTX
     * @param options more of them, such as {@code --std=c++17}
     * @throws NvrtcException if it has errors
     */
    public byte[] compile(String source, String name, String arch, List<String> options) {
        if (!ARCH.matcher(arch).matches()) {
            throw new IllegalArgumentException("compile " + name + ": '" + arch + "' is no architecture; sm_90 is one");
        }
        if (source.indexOf(0) >= 0) {
            throw new IllegalArgumentException(
                    "compile " + name + ": the source has a zero character, which would end it");
        }
        var all = new ArrayList<String>();
        all.add("--gpu-architecture=" + arch);
        all.addAll(options);
        String what = "compile " + name + " for " + arch;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment program = create(arena, source, name, what);
            try {
                int code = NvrtcApi.nvrtcCompileProgram(program.get(ADDRESS, 0), all.size(), strings(arena, all));
                if (code != NvrtcApi.NVRTC_SUCCESS()) {
                    check(
                            code,
                            what,
                            code == NvrtcApi.NVRTC_ERROR_BUILTIN_OPERATION_FAILURE() ? missing() : log(arena, program));
                }
                return arch.startsWith("sm")
                        ? output(arena, program, NvrtcApi::nvrtcGetCUBINSize, NvrtcApi::nvrtcGetCUBIN, what)
                        : output(arena, program, NvrtcApi::nvrtcGetPTXSize, NvrtcApi::nvrtcGetPTX, what);
            } finally {
                NvrtcApi.nvrtcDestroyProgram(program);
            }
        }
    }

    private static MemorySegment create(Arena arena, String source, String name, String what) {
        MemorySegment program = arena.allocate(ADDRESS);
        int code = NvrtcApi.nvrtcCreateProgram(
                program,
                arena.allocateFrom(source),
                arena.allocateFrom(name),
                0,
                MemorySegment.NULL,
                MemorySegment.NULL);
        check(code, what, "");
        return program;
    }

    private static MemorySegment strings(Arena arena, List<String> strings) {
        MemorySegment array = arena.allocate(ADDRESS, strings.size());
        for (int i = 0; i < strings.size(); i++) {
            array.setAtIndex(ADDRESS, i, arena.allocateFrom(strings.get(i)));
        }
        return array;
    }

    private static byte[] output(
            Arena arena,
            MemorySegment program,
            ToIntBiFunction<MemorySegment, MemorySegment> size,
            ToIntBiFunction<MemorySegment, MemorySegment> get,
            String what) {
        MemorySegment bytes = arena.allocate(JAVA_LONG);
        check(size.applyAsInt(program.get(ADDRESS, 0), bytes), what, "");
        MemorySegment content = arena.allocate(bytes.get(JAVA_LONG, 0));
        check(get.applyAsInt(program.get(ADDRESS, 0), content), what, "");
        return content.toArray(JAVA_BYTE);
    }

    private static String log(Arena arena, MemorySegment program) {
        byte[] log = output(arena, program, NvrtcApi::nvrtcGetProgramLogSize, NvrtcApi::nvrtcGetProgramLog, "log");
        return new String(log, 0, Math.max(0, log.length - 1), UTF_8);
    }

    private String missing() {
        return "there is no " + BUILTINS + Device.version(version) + " beside " + location;
    }

    private static void check(int code, String what, String log) {
        if (code != NvrtcApi.NVRTC_SUCCESS()) {
            MemorySegment text = NvrtcApi.nvrtcGetErrorString(code);
            throw new NvrtcException(what, text.reinterpret(Integer.MAX_VALUE).getString(0), code, log);
        }
    }

    @Override
    public String toString() {
        return "NVRTC " + Device.version(version) + " from " + location;
    }
}
