package io.tokenwise.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A warm kernel allocates nothing. Cold vector code boxes its vectors, so this also shows that the compiler saw through all of them. */
class AllocationTest extends KernelTest {
    private static final int CALLS = 50;

    /** After so many the compiler has been asked, and is waited for: calls would only take its processor. */
    private static final int ROUNDS_AT_ONCE = 200;

    /** Most take a tenth of a second, on a busy machine the first and the largest two; what takes longer is asked alone, in a JVM that takes more of the processor than waiting. */
    private static final long PATIENCE_NANOS = 6_000_000_000L;

    private static final long PATIENCE_ALONE_NANOS = 20 * PATIENCE_NANOS;

    /** Of the processor's time at least: where other processes have it, the compiler gets less done in the same time. While it is waited for, little is used: some 4 minutes for this. */
    private static final long PATIENCE_ALONE_CPU_NANOS = 10_000_000_000L;

    private static final OperatingSystemMXBean PROCESS =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    static Stream<String> kernelNames() {
        return new AllocationTest().calls().keySet().stream();
    }

    private Map<String, Runnable> calls() {
        int rows = 21;
        int columns = 77;
        int count = rows * columns;
        Floats x = floats(normal(count));
        Floats y = floats(normal(count));
        Floats z = zeros(count);
        Floats row = floats(normal(columns));
        Floats sums = zeros(columns);
        Floats small = filled(2 * rows, 1);
        Map<String, Runnable> calls = new LinkedHashMap<>();
        Elementwise elements = tested.elementwise();
        AdamWStep step = new AdamWStep(1e-3f, 0.9f, 0.999f, 1e-8f, 0.01f, 0.1f, 0.001f, 1);
        Floats square = filled(count, 1);
        calls.put("gelu", () -> elements.gelu(x, z, 0, count));
        calls.put("geluBackward", () -> elements.geluBackward(x, y, z, 0, count));
        calls.put("add", () -> elements.add(x, y, z, 0, count));
        calls.put("addScaled", () -> elements.addScaled(x, 0.5f, z, 0, count));
        calls.put("sumOfSquares", () -> small.set(0, (float) elements.sumOfSquares(x, 0, count)));
        calls.put("adamW", () -> elements.adamW(z, x, y, square, step, 0, count));
        RowOps ops = tested.rows();
        calls.put("layerNorm", () -> ops.layerNorm(x, row, row, 1e-5f, z, small, columns, 0, rows));
        calls.put("layerNormBackward", () -> ops.layerNormBackward(x, row, small, y, z, columns, 0, rows));
        calls.put(
                "layerNormParameterGradient",
                () -> ops.layerNormParameterGradient(x, small, y, sums, sums, rows, columns, 0, columns));
        RowParts parts = new RowParts(columns, 1, 2, 38);
        calls.put("rmsNorm", () -> ops.rmsNorm(x, parts, row, 1, 1e-5f, z, small, 0, rows));
        calls.put("rmsNormBackward", () -> ops.rmsNormBackward(x, parts, row, 1, small, y, z, 0, rows));
        calls.put(
                "rmsNormParameterGradient", () -> ops.rmsNormParameterGradient(x, parts, small, y, sums, rows, 0, 38));
        calls.put("addColumnSums", () -> ops.addColumnSums(x, sums, rows, columns, 0, columns));
        calls.put("softmax", () -> ops.softmax(x, z, columns, 0, rows));
        calls.put("softmaxBackward", () -> ops.softmaxBackward(x, y, z, columns, 0, rows));
        calls.put("l2Normalize", () -> ops.l2Normalize(x, z, small, columns, 0, rows));
        calls.put("l2NormalizeBackward", () -> ops.l2NormalizeBackward(x, small, y, z, columns, 0, rows));
        calls.put("scaleBlocks", () -> ops.scaleBlocks(x, small, z, 1, columns, 0, rows));
        calls.put("scaleBlocksBackward", () -> ops.scaleBlocksBackward(x, small, y, z, small, 1, columns, 0, rows));
        GateOps gates = tested.gates();
        for (Activation activation : Activation.values()) {
            calls.put("activate " + activation, () -> gates.activate(x, z, activation, 0, count));
            calls.put("activateBackward " + activation, () -> gates.activateBackward(x, y, z, activation, 0, count));
            calls.put("gated " + activation, () -> gates.gated(x, z, activation, 38, 0, rows));
            calls.put("gatedBackward " + activation, () -> gates.gatedBackward(x, y, z, activation, 38, 0, rows));
        }
        Scratch scratch = new Scratch();
        calls.put("dots", () -> ops.dots(x, y, row, 5, z, columns, 0, rows, scratch));
        int[] places = {0, -1};
        calls.put("scaleUnits", () -> ops.scaleUnits(x, small, 1, places, z, SequenceOps.UNIT, 0, rows));
        calls.put(
                "scaleUnitsBackward",
                () -> ops.scaleUnitsBackward(x, small, 1, places, y, z, sums, SequenceOps.UNIT, 0, rows));
        calls.put("gatherUnits", () -> ops.gatherUnits(x, columns, places, SequenceOps.UNIT, z, 0, rows));
        addSequences(calls, x, y, z, rows, columns);
        addSpeech(calls, x, y, z, rows, columns);
        addProducts(calls);
        return calls;
    }

    private static void addSequences(Map<String, Runnable> calls, Floats x, Floats y, Floats z, int rows, int columns) {
        SequenceOps ops = tested.sequences();
        int[] offsets = {0, rows};
        int[] ids = new int[rows];
        float[] values = new float[3 * 256];
        calls.put("embeddingSum", () -> ops.embeddingSum(ids, offsets, x, 2, y, 0, x, z, columns, 0, 1));
        calls.put("embeddingSum of words", () -> ops.embeddingSum(ids, offsets, x, 2, null, 0, null, z, columns, 0, 1));
        calls.put(
                "embeddingSumBackward",
                () -> ops.embeddingSumBackward(ids, offsets, 1, x, z, 2, y, 0, z, columns, 0, columns));
        calls.put("raiseToLargest", () -> ops.raiseToLargest(x, offsets, z, columns, 0, 1));
        calls.put("logs", () -> ops.logs(z, 0, columns));
        calls.put("patches", () -> ops.patches(ids, values, 1, 1, z, 0, 1));
        calls.put("withFirst", () -> ops.withFirst(x, y, y, z, rows, columns, 0, 1));
        calls.put("withoutFirst", () -> ops.withoutFirst(x, z, rows, columns, 0, 1));
        calls.put("withFirstBackward", () -> ops.withFirstBackward(x, z, y, rows, 1, columns, 0, columns));
        calls.put("meanPool", () -> ops.meanPool(x, offsets, z, columns, 0, 1));
        calls.put("meanPoolBackward", () -> ops.meanPoolBackward(x, offsets, z, columns, 0, 1));
    }

    private static void addSpeech(Map<String, Runnable> calls, Floats x, Floats y, Floats z, int rows, int columns) {
        SpeechOps ops = tested.speech();
        int[] offsets = {0, rows};
        int[] windows = {0, rows - 2};
        float[] turns = new float[rows * 36];
        calls.put("rotate", () -> ops.rotate(z, columns, offsets, 0, null, turns, turns, 2, 38, 36, 0, rows));
        calls.put(
                "rotateHalves", () -> ops.rotateHalves(z, columns, offsets, 0, null, turns, turns, 2, 38, 36, 0, rows));
        calls.put("windows", () -> ops.windows(x, offsets, 20, 3, 1, z, windows, 0, 1));
        calls.put("windowsBackward", () -> ops.windowsBackward(x, windows, 20, 3, 1, z, offsets, 0, 1));
        calls.put("groupNorm", () -> ops.groupNorm(x, offsets, y, y, 1, z, columns, 0, 1));
        calls.put("channelNorm", () -> ops.channelNorm(x, offsets, 1, y, y, 1, z, columns, 0, columns));
        calls.put("paddedWindows", () -> ops.paddedWindows(x, offsets, columns, 3, 10, 5, z, 0, rows));
        calls.put("paddedWindowsBackward", () -> ops.paddedWindowsBackward(x, offsets, 60, 3, 17, 4, z, 0, rows));
        calls.put("copyColumns", () -> ops.copyColumns(x, columns, 3, z, columns, 0, 20, 0, rows));
        Floats cache = zeros(32L * SpeechOps.STEP);
        Scratch scratch = new Scratch();
        calls.put("toColumns", () -> ops.toColumns(x, rows, columns, 3, cache, 32, SpeechOps.STEP, 0));
        calls.put("attendOne", () -> ops.attendOne(x, cache, cache, SpeechOps.STEP, rows, 32, 0.1f, z, 0, 1, scratch));
        SpeechOps.AttendCall attend = new SpeechOps.AttendCall();
        attend.queries = x;
        attend.queryStride = columns;
        attend.keysValues = x;
        attend.keyStride = columns;
        attend.queryOffsets = offsets;
        attend.keyOffsets = offsets;
        attend.heads = 1;
        attend.headSize = 33;
        attend.scale = 0.1f;
        attend.causal = true;
        attend.contexts = zeros(rows * 33L);
        attend.probabilities = zeros((long) rows * rows);
        attend.probabilityOffsets = new long[] {0};
        attend.dContexts = y;
        attend.dQueries = zeros((long) rows * columns);
        attend.dKeysValues = zeros((long) rows * columns);
        calls.put("attend", () -> ops.attend(attend, 0, 0));
        calls.put("attendBackward", () -> ops.attendBackward(attend, 0, 0, scratch));
    }

    private void addProducts(Map<String, Runnable> calls) {
        Scratch scratch = new Scratch();
        GemmCall product = new GemmCall();
        product.m = 21;
        product.n = 77;
        product.k = 400;
        product.a = floats(normal(21 * 400));
        product.aStride = 400;
        Floats b = floats(normal(400 * 77));
        product.packedB = zeros(tested.gemm().packedFloats(400, 77));
        product.c = zeros(21 * 77);
        product.cStride = 77;
        product.bias = b;
        product.gelu = true;
        product.residual = product.c;
        int panels = (77 + tested.gemm().panelColumns() - 1) / tested.gemm().panelColumns();
        calls.put("pack", () -> tested.gemm().pack(b, 77, false, 400, 77, product.packedB, 0, panels));
        calls.put("pack transposed", () -> tested.gemm().pack(b, 400, true, 400, 77, product.packedB, 0, panels));
        calls.put("multiply", () -> tested.gemm().multiply(product, 0, 21, 0, 77, scratch));

        AttentionCall attention = new AttentionCall();
        attention.heads = 1;
        attention.headSize = 33;
        attention.scale = 0.1f;
        attention.offsets = new int[] {0, 45};
        attention.probabilityOffsets = new long[] {0};
        attention.dense(floats(normal(45 * 3 * 33)), zeros(45 * 33));
        attention.probabilities = zeros(45 * 45);
        attention.dContext = floats(normal(45 * 33));
        attention.dQkv = zeros(45 * 3 * 33);
        calls.put("attention", () -> tested.sequences().attention(attention, 0, 0, scratch));
        AttentionCall window = new AttentionCall();
        window.heads = 1;
        window.headSize = 32;
        window.scale = 0.1f;
        window.offsets = attention.offsets;
        window.before = 5;
        window.after = 3;
        window.reach = 2;
        window.bias = zeros(5);
        window.grouped(floats(normal(45 * 96)), 1, zeros(45 * 32));
        calls.put("attention in a window", () -> tested.sequences().attention(window, 0, 0, scratch));
        AttentionCall staying = new AttentionCall();
        staying.heads = 1;
        staying.headSize = 32;
        staying.scale = 0.1f;
        staying.offsets = attention.offsets;
        staying.places = IntStream.range(0, 45).map(i -> 2 * i).toArray();
        staying.before = 9;
        staying.reach = 2;
        staying.bias = zeros(5);
        staying.grouped(floats(normal(45 * 96)), 1, zeros(45 * 32));
        calls.put("attention of rows with places", () -> tested.sequences().attention(staying, 0, 0, scratch));
        AttentionCall positions = new AttentionCall();
        positions.heads = 1;
        positions.headSize = 32;
        positions.scale = 0.1f;
        positions.offsets = attention.offsets;
        positions.positions = zeros(21 * 64);
        positions.positionStride = 64;
        positions.dPositions = zeros(21 * 64);
        positions.positionRows = IntStream.range(0, 21).toArray();
        positions.dense(floats(normal(45 * 96)), zeros(45 * 32));
        positions.probabilities = attention.probabilities;
        positions.probabilityOffsets = new long[] {0};
        positions.dContext = attention.dContext;
        positions.dQkv = zeros(45 * 96);
        calls.put("attention with positions", () -> tested.sequences().attention(positions, 0, 0, scratch));
        calls.put(
                "attentionBackward with positions",
                () -> tested.sequences().attentionBackward(positions, 0, 0, scratch));
        AttentionCall scattered = new AttentionCall();
        scattered.heads = 1;
        scattered.headSize = 32;
        scattered.scale = 0.1f;
        scattered.offsets = attention.offsets;
        int[] units = {64, 8, 16, 40};
        for (HeadColumns columns : List.of(scattered.query, scattered.key, scattered.value)) {
            columns.inUnits(floats(normal(45 * 72)), 72, units, 32);
        }
        scattered.context.inUnits(zeros(45 * 72), 72, units, 32);
        calls.put("attention in units", () -> tested.sequences().attention(scattered, 0, 0, scratch));
        HeadOps heads = tested.heads();
        MemorySegment narrow = Arena.ofAuto().allocate(2 * 48 * 64, 64);
        MemorySegment scores = Arena.ofAuto().allocate(4 * 45 * 64, 64);
        float[] inverses = new float[45];
        var meaning = new Conversions.Columns(new float[64], new float[64]);
        Floats wide = zeros(64);
        Conversions conversions = tested.conversions();
        for (Activation activation : Conversions.GATES) {
            calls.put(
                    "gated sums, " + activation,
                    () -> conversions.dequantizeGated(
                            scores, 0, 32, 0.1f, 1, meaning, wide, activation, attention.context.values, 0));
        }
        calls.put("quantize", () -> conversions.quantize(b, 0, 77, narrow, 0, inverses, 0));
        calls.put("quantizeGelu", () -> conversions.quantizeGelu(wide, 0, 45, narrow, 0, inverses, 0));
        calls.put("toBfloat16", () -> conversions.toBfloat16(b, 0, 77, narrow, 0));
        calls.put("add rows", () -> conversions.add(b, 0, b, 77, 45, wide, 0));
        calls.put(
                "sums",
                () -> conversions.dequantize(scores, 0, 45, 0.1f, 1, meaning, wide, attention.context.values, 0));
        calls.put(
                "sums plus a residual",
                () -> conversions.dequantizePlus(
                        scores, 0, 45, 0.1f, 1, meaning, wide, wide, 0, attention.context.values, 0));
        float[] steps = new float[2];
        Floats activated = zeros(45);
        calls.put(
                "GELU of sums",
                () -> conversions.quantizeGelu(scores, 0, 45, 0.1f, 1, meaning, wide, activated, narrow, 0, steps, 0));
        // First, since after the others C2 compiles it so that it makes objects, and a JVM of its own would have to
        // decide.
        calls.put("rows of a head in units", () -> heads.toBfloat16(scattered.key, 0, 0, 45, 48, narrow, scratch));
        calls.put("columns of a head in units", () -> heads.gather(scattered.key, 0, 0, 45, scores));
        calls.put("columns to a head in units", () -> heads.scatter(scores, scattered.context, 0, 0, 45));
        calls.put("rows of a head", () -> heads.toBfloat16(window.key, 0, 0, 45, 48, narrow, scratch));
        HeadColumns large = new HeadColumns();
        large.sideBySide(attention.context.values, 33, 0, 64);
        calls.put("rows of a large head", () -> heads.toBfloat16(large, 0, 0, 43, 48, narrow, scratch));
        calls.put("softmax of a head", () -> heads.softmax(window, 0, 45, 0, 45, 0, 64, scores, narrow, inverses));
        calls.put("contexts", () -> heads.scaled(scores, inverses, window.context, 0, 0, 45));
        calls.put("attentionBackward", () -> tested.sequences().attentionBackward(attention, 0, 0, scratch));
    }

    /** Those that only say or take a number have no vectors. */
    private static final Set<String> NUMBERS = Set.of("packedFloats", "panelColumns", "withSteps");

    /** So that a new kernel cannot be forgotten here. */
    @Test
    void everyKernelIsCalled() {
        Kernels real = tested;
        Set<String> missing = new TreeSet<>();
        try {
            tested = new Kernels(
                    real.name(),
                    real.why(),
                    noting(Gemm.class, real.gemm(), missing),
                    noting(Elementwise.class, real.elementwise(), missing),
                    noting(RowOps.class, real.rows(), missing),
                    noting(SequenceOps.class, real.sequences(), missing),
                    noting(Conversions.class, real.conversions(), missing),
                    noting(SpeechOps.class, real.speech(), missing),
                    noting(GateOps.class, real.gates(), missing),
                    noting(HeadOps.class, real.heads(), missing));
            calls().values().forEach(Runnable::run);
        } finally {
            tested = real;
        }
        assertThat(missing).isEmpty();
    }

    /** A family that takes the names of those kernels out of {@code missing} that are called. */
    private static <T> T noting(Class<T> family, T real, Set<String> missing) {
        for (Method method : family.getMethods()) {
            if (Modifier.isAbstract(method.getModifiers()) && !NUMBERS.contains(method.getName())) {
                missing.add(family.getSimpleName() + "." + method.getName());
            }
        }
        Object proxy =
                Proxy.newProxyInstance(family.getClassLoader(), new Class<?>[] {family}, (self, method, given) -> {
                    missing.remove(family.getSimpleName() + "." + method.getName());
                    return method.invoke(real, given);
                });
        return family.cast(proxy);
    }

    /** What one kernel allocates, in a JVM that runs no other: what else a JVM has run decides how C2 compiles what they share. The argument is its name. */
    static final class Alone {
        private Alone() {}

        public static void main(String[] arguments) {
            choose();
            Runnable call = new AllocationTest().calls().get(arguments[0]);
            System.out.print(allocated(call, PATIENCE_ALONE_NANOS, PATIENCE_ALONE_CPU_NANOS));
        }
    }

    @ParameterizedTest
    @MethodSource("kernelNames")
    void aWarmCallAllocatesNothing(String name) throws IOException {
        long allocated = allocated(calls().get(name), PATIENCE_NANOS, 0);
        if (allocated > 0) {
            allocated = allocatedAlone(name);
        }
        assertThat(allocated).as("bytes in %d calls of %s", CALLS, name).isZero();
    }

    private static long allocated(Runnable call, long patienceNanos, long patienceCpuNanos) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long start = System.nanoTime();
        long startCpu = PROCESS.getProcessCpuTime();
        long allocated;
        int rounds = 0;
        do {
            if (rounds++ > ROUNDS_AT_ONCE) {
                LockSupport.parkNanos(1_000_000);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                call.run();
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        } while (allocated > 0
                && (System.nanoTime() - start < patienceNanos
                        || PROCESS.getProcessCpuTime() - startCpu < patienceCpuNanos));
        return allocated;
    }

    private static long allocatedAlone(String name) throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        for (String property : List.of(Kernels.SET_PROPERTY, Kernels.BITS_PROPERTY)) {
            if (System.getProperty(property) != null) {
                command.add("-D" + property + "=" + System.getProperty(property));
            }
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Alone.class.getName(), name));
        Process child = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        return Long.parseLong(new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }
}
