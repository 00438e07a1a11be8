package io.tokenwise;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.leave.LeastWorth;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.io.CacheFolder;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.NewEncoder;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.bert.BertFamily;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Assumptions;

/** Models that tests share: MiniLM, and a BERT so small that tests of everything but its numbers are quick. */
public final class TestModels {
    /** Hidden 24, 2 layers, 3 heads, 48 hidden units, 40 positions, MiniLM's vocabulary. */
    public static final BertArchitecture SMALL = new BertArchitecture(24, 2, 3, 48, 30522, 40, 2, 1e-12);

    /** The same, as a text encoder. */
    public static final TextDescription DESCRIPTION = new TextDescription(
            "small", BertFamily.BERT, SMALL, SMALL.maxPositions(), Pooling.MEAN, true, "", "", Optional.empty());

    /** Wide enough that the gate of tokens that leave costs less than the layers: hidden 96. */
    public static final BertArchitecture WIDER = new BertArchitecture(96, 2, 3, 192, 30522, 40, 2, 1e-12);

    private TestModels() {}

    /** Writes a small BERT with random weights as a model directory, with MiniLM's tokenizer. */
    public static void writeSmall(Path directory) throws IOException {
        write(directory, SMALL);
    }

    /** The same of other sizes. */
    public static void write(Path directory, BertArchitecture sizes) throws IOException {
        var description = new TextDescription(
                "small", BertFamily.BERT, sizes, sizes.maxPositions(), Pooling.MEAN, true, "", "", Optional.empty());
        try (Arena arena = Arena.ofConfined()) {
            write(directory, description, weights(arena, HuggingFaceTensors.of(sizes), 0.3));
        }
    }

    /** Writes a BERT as a model directory, with MiniLM's tokenizer. */
    public static void write(Path directory, TextDescription description, Map<String, TensorData> tensors)
            throws IOException {
        try (ModelFiles minilm = files("minilm")) {
            ModelWriter.write(directory, description, tensors, minilm.tokenizer(), ModelWriter.Existing.KEEP);
        }
    }

    /** Random tensors of those names and shapes. */
    public static Map<String, TensorData> weights(Arena arena, Map<String, long[]> shapes, double deviation) {
        var random = new SplittableRandom(7);
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> tensors.put(name, random(arena, name, shape, deviation, random)));
        return tensors;
    }

    private static TensorData random(
            Arena arena, String name, long[] shape, double deviation, SplittableRandom random) {
        long size = 1;
        for (long dimension : shape) {
            size *= dimension;
        }
        MemorySegment floats = arena.allocate(size * Float.BYTES, 64);
        double mean = name.endsWith("LayerNorm.weight") ? 1 : 0;
        for (long i = 0; i < size; i++) {
            floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (mean + deviation * random.nextGaussian()));
        }
        return new TensorData(shape, floats);
    }

    /** oneDNN in a precision; the test is skipped where the library or the CPU's instructions are missing. */
    public static Backend oneDnn(Precision precision, int threads) {
        try {
            return Backends.open(new BackendChoice(BackendChoice.Kind.ONEDNN, precision), threads);
        } catch (IllegalArgumentException e) {
            return Assumptions.abort(e.getMessage());
        }
    }

    /** A dense model with a short path, which differs from it by noise. */
    public static Encoder shortPath(ModelFiles dense, Backend backend) {
        return shortPath(dense, backend, sequences(9, 20, 14));
    }

    /** The same, cut by what it does on some texts. */
    public static Encoder shortPath(ModelFiles dense, Backend backend, List<int[]> texts) {
        var random = new SplittableRandom(9);
        Encoder encoder = NewEncoder.withShortPath(
                dense,
                backend,
                model -> {
                    try (var sessions = new Sessions(model, backend, 256, 1)) {
                        sessions.encode(texts, Budget.FULL, null);
                    }
                },
                random);
        for (Parameter parameter : encoder.narrowParameters()) {
            Tensor value = parameter.value();
            for (int i = 0; i < value.size(); i++) {
                value.floats().set(i, value.floats().get(i) + 0.02f * (float) random.nextGaussian());
            }
            parameter.changed();
        }
        Tensor table = encoder.leaving().orElseThrow().gate().table().value();
        for (int token = 0; token < table.columns(); token++) {
            table.host().set(0, token, (float) random.nextGaussian());
        }
        encoder.leaving().orElseThrow().gate().table().changed();
        encoder.leaving()
                .orElseThrow()
                .useTable(new LeastWorth(
                        StayGate.TABLE_TOKENS, List.of(0.25, 0.5, 0.75, 0.95), List.of(0.9, 0.1, -0.5, -1.5)));
        encoder.prepare(backend.stream());
        return encoder;
    }

    /** A built-in model from a folder of this build in which it lies unpacked: inflating its jar takes a third of a second, each time. */
    public static ModelFiles files(String name) throws IOException {
        String before = System.setProperty(CacheFolder.PROPERTY, "target/models");
        try {
            return Models.builtIn(name);
        } finally {
            if (before == null) {
                System.clearProperty(CacheFolder.PROPERTY);
            } else {
                System.setProperty(CacheFolder.PROPERTY, before);
            }
        }
    }

    /** A built-in model on a backend. */
    public static Encoder builtIn(String name, Backend backend) throws IOException {
        try (ModelFiles files = files(name)) {
            return Encoder.load(files, backend);
        }
    }

    /** Makes all MLPs adaptive, as {@link #acmize(Encoder, AdaptiveLayers, List)}. */
    public static List<Acm> acmize(Encoder encoder, int learners, List<int[]> sequences) {
        return acmize(encoder, AdaptiveLayers.mlps(learners), sequences);
    }

    /** Makes layers adaptive as distillation does before it trains: cut by what they do on some sequences. Gates are zero. */
    public static List<Acm> acmize(Encoder encoder, AdaptiveLayers layers, List<int[]> sequences) {
        Backend backend = encoder.parameters().backend();
        try (Workspace workspace = backend.workspace(1L << 30)) {
            var pass = new Pass(backend.stream(), workspace);
            var batch = new TokenBatch();
            sequences.forEach(input -> encoder.add(batch, input));
            Acmizer.replace(
                    encoder.parameters(),
                    encoder.slots(),
                    layers,
                    () -> encoder.forward(pass.begin(Budget.FULL), batch));
            encoder.prepare(backend.stream());
            return encoder.acms();
        }
    }

    /** Gives the gates random weights, so that learner counts of all sizes are chosen at every budget. */
    public static void randomizeGates(Encoder encoder, double deviation) {
        var random = new SplittableRandom(11);
        for (Acm acm : encoder.acms()) {
            for (Parameter parameter : acm.gateParameters()) {
                try (HostTensor value = parameter.write()) {
                    for (int i = 0; i < value.size(); i++) {
                        value.set(i, (float) (deviation * random.nextGaussian()));
                    }
                }
                parameter.changed();
            }
        }
        encoder.prepare(encoder.parameters().backend().stream());
    }

    /** Random token ids of the given lengths. */
    public static List<int[]> sequences(int... lengths) {
        var random = new SplittableRandom(13);
        return Arrays.stream(lengths)
                .mapToObj(length -> random.ints(length, 0, 30522).toArray())
                .toList();
    }
}
