package io.tokenwise.model.moonshine;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import io.tokenwise.api.BadFileException;
import io.tokenwise.io.OnnxFile;
import io.tokenwise.io.OnnxGraph;
import io.tokenwise.io.OnnxGraph.Scaling;
import io.tokenwise.io.StoredFloat;
import io.tokenwise.io.Transposition;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.ModelShapes;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.natives.Pages;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The weights of a Moonshine in two ONNX files, as the npm package moonshine-js has them: the encoder, and a decoder with a branch for its first step
 * and one for all others, which share their weights. They have 8 bits, with a scale and a zero point for each tensor, or are floats.
 *
 * <p>Most tensors are anonymous. Each is found by its node: the exporter calls a node by the path of the module that it belongs to, such as {@code
 * /layers.0/mlp/fc1/MatMul}, and what the quantiser puts around it follows from what reads what. Here they have Hugging Face's names and layout.
 */
public final class MoonshineOnnx implements WeightSource {
    static final String ENCODER = "encoder_model.onnx";
    static final String DECODER = "decoder_model_merged.onnx";

    /** The decoder's first step, in which it also makes keys and values of the encoder's result. */
    private static final String FIRST_STEP = "else_branch";

    /** Of any dimension; a vocabulary has the largest one. */
    private static final int MOST_SIZE = 1 << 20;

    private final Path folder;
    private final List<OnnxFile> files;
    private final MoonshineArchitecture architecture;
    private volatile Map<String, Stored> tensors;

    /** Where a tensor lies, and what it is by our name; a matrix is to be transposed. */
    private record Stored(OnnxGraph graph, TensorProto tensor, Scaling scaling, long[] shape, boolean transposed) {}

    private MoonshineOnnx(Path folder, OnnxFile encoderFile, OnnxFile decoderFile) {
        this.folder = folder;
        files = List.of(encoderFile, decoderFile);
        var encoder = new OnnxGraph(encoderFile, null);
        var decoder = new OnnxGraph(decoderFile, FIRST_STEP);
        Map<String, Stored> found = new LinkedHashMap<>();
        for (NodeProto node : encoder.nodes()) {
            add(encoder, node, "encoder." + module(node), found);
        }
        for (NodeProto node : decoder.nodes()) {
            String module = module(node);
            if (module.startsWith("model.decoder.")) {
                add(decoder, node, module.substring("model.".length()), found);
            }
        }
        tensors = found;
        architecture = architecture(encoder, decoder, decoderFile);
        var description = new SpeechDescription(
                folder.toString(),
                MoonshineFamily.MOONSHINE,
                architecture,
                MoonshineArchitecture.SOUND,
                null,
                Optional.empty());
        Set<String> known = ModelShapes.of(description).tensors().keySet();
        found.forEach((name, stored) -> {
            if (!known.contains(name)) {
                throw stored.graph.bad("has weights of " + name + ", which no Moonshine has");
            }
        });
    }

    public static boolean isIn(Path folder) {
        return Files.exists(folder.resolve(ENCODER)) && !Files.exists(folder.resolve("config.json"));
    }

    /**
     * Opens the two files in a folder.
     *
     * @throws BadFileException if one is absent or not such a file
     */
    public static MoonshineOnnx open(Path folder) throws IOException {
        OnnxFile encoder = OnnxFile.open(folder.resolve(ENCODER));
        try {
            OnnxFile decoder = OnnxFile.open(folder.resolve(DECODER));
            try {
                return new MoonshineOnnx(folder, encoder, decoder);
            } catch (Throwable e) {
                decoder.close();
                throw e;
            }
        } catch (Throwable e) {
            encoder.close();
            throw e;
        }
    }

    /** The module that a node belongs to: {@code /layers.0/mlp/fc1/MatMul} to {@code layers.0.mlp.fc1}, under Hugging Face's names. */
    private static String module(NodeProto node) {
        String name = node.getName();
        int end = Math.max(0, name.lastIndexOf('/'));
        return name.substring(Math.min(1, end), end)
                .replace('/', '.')
                .replace("_attn.dense", "_attn.o_proj")
                .replace("mlp.up_proj", "mlp.fc1")
                .replace("mlp.down_proj", "mlp.fc2");
    }

    private static void add(OnnxGraph graph, NodeProto node, String module, Map<String, Stored> found) {
        switch (node.getOpType()) {
            case "MatMulInteger" -> {
                var scaling = new Scaling(graph.scalarByte(node, 3), matrixScale(graph, node), 0);
                put(graph, node, module + ".weight", graph.constant(node, 1), scaling, true, found);
            }
            case "MatMul" -> {
                if (graph.constant(node, 1) != null) {
                    put(graph, node, module + ".weight", graph.constant(node, 1), null, true, found);
                }
            }
            case "Gather" -> {
                if (module.endsWith(".embed_tokens")) {
                    putTable(graph, node, module, found);
                }
            }
            case "Conv" -> putConvolution(graph, node, found);
            case "Mul" -> putVector(graph, node, module + ".weight", found);
            case "Add" -> putVector(graph, node, module + ".bias", found);
            default -> {}
        }
    }

    /** After the product come a cast to float and a Mul by the product of both sides' scales. */
    private static float matrixScale(OnnxGraph graph, NodeProto product) {
        NodeProto cast = graph.consumer(product, "Cast");
        NodeProto scaled = graph.consumer(cast, "Mul");
        int scales = scaled.getInput(0).equals(cast.getOutput(0)) ? 1 : 0;
        return graph.scalar(graph.producer(scaled, scales));
    }

    private static void putTable(OnnxGraph graph, NodeProto node, String module, Map<String, Stored> found) {
        TensorProto table = graph.constant(node, 0);
        Scaling scaling = null;
        if (table != null && OnnxGraph.isBytes(table)) {
            NodeProto dequantize = graph.consumer(node, "DequantizeLinear");
            scaling = new Scaling(graph.scalarByte(dequantize, 2), graph.scalar(dequantize), 0);
        }
        put(graph, node, module + ".weight", table, scaling, false, found);
    }

    /** A kernel of bytes is cast, multiplied and added to, in this order. */
    private static void putConvolution(OnnxGraph graph, NodeProto node, Map<String, Stored> found) {
        String module = "encoder." + module(node);
        int number = module.charAt(module.length() - 1) - '1';
        if (!module.matches("encoder\\.conv[123]")
                || !graph.integers(node, "strides").equals(List.of((long)
                        MoonshineArchitecture.SOUND.convolutions().get(number).step()))
                || graph.integers(node, "pads").stream().anyMatch(pad -> pad != 0)) {
            throw graph.bad("node " + node.getName()
                    + " is not one of Moonshine's three convolutions: steps 64, 3 and 2, without padding");
        }
        TensorProto kernel = graph.constant(node, 1);
        Scaling scaling = null;
        if (kernel == null) {
            NodeProto shifted = graph.producer(node, 1);
            NodeProto scaled = graph.producer(shifted, 0);
            NodeProto cast = graph.producer(scaled, 0);
            scaling = new Scaling(0, graph.scalar(scaled), graph.scalar(shifted));
            kernel = graph.constant(cast, 0);
        }
        put(graph, node, module + ".weight", kernel, scaling, false, found);
        if (node.getInputCount() > 2) {
            put(graph, node, module + ".bias", graph.constant(node, 2), null, false, found);
        }
    }

    /** Gains and shifts are vectors, or {@code [n, 1]} beside channels; other constants are single values. */
    private static void putVector(OnnxGraph graph, NodeProto node, String name, Map<String, Stored> found) {
        for (int input = 0; input < node.getInputCount(); input++) {
            TensorProto tensor = graph.constant(node, input);
            if (tensor != null && OnnxFile.format(tensor) != null && graph.values(tensor) > 1) {
                graph.requireData(tensor);
                put(name, new Stored(graph, tensor, null, new long[] {graph.values(tensor)}, false), found);
            }
        }
    }

    private static void put(
            OnnxGraph graph,
            NodeProto node,
            String name,
            TensorProto tensor,
            Scaling scaling,
            boolean transposed,
            Map<String, Stored> found) {
        if (tensor == null || OnnxGraph.isBytes(tensor) != (scaling != null)) {
            throw graph.bad(
                    "node " + node.getName() + " does not read constant weights of floats, or of bytes with a scale");
        }
        graph.requireData(tensor);
        long[] shape = tensor.getDimsList().stream().mapToLong(Long::longValue).toArray();
        if (transposed) {
            if (shape.length != 2) {
                throw graph.bad("node " + node.getName() + ": its weights have shape " + Arrays.toString(shape)
                        + ", a matrix is needed");
            }
            shape = new long[] {shape[1], shape[0]};
        }
        put(name, new Stored(graph, tensor, scaling, shape, transposed), found);
    }

    private static void put(String name, Stored stored, Map<String, Stored> found) {
        if (found.putIfAbsent(name, stored) != null) {
            throw stored.graph.bad("has two tensors that are " + name);
        }
    }

    /** The sizes that these tensors have; whether all others fit them is for who opened this to check. */
    private MoonshineArchitecture architecture(OnnxGraph encoder, OnnxGraph decoder, OnnxFile decoderFile) {
        int hidden = size("encoder.conv1.weight");
        int rotated = rotated(encoder);
        if (rotated(decoder) != rotated) {
            throw decoder.bad("rotates " + rotated(decoder) + " columns of a head, the encoder " + rotated);
        }
        long headSize = headSize(decoderFile);
        if (headSize < rotated || hidden % headSize != 0) {
            throw decoder.bad("has heads of " + headSize + " columns, of which " + rotated + " are rotated: do not fit "
                    + hidden);
        }
        return new MoonshineArchitecture(
                hidden,
                layers("encoder.layers."),
                layers("decoder.layers."),
                (int) (hidden / headSize),
                size("encoder.layers.0.mlp.fc1.bias"),
                size("decoder.embed_tokens.weight"),
                rotated);
    }

    /** The first dimension of a tensor. */
    private int size(String tensor) {
        long[] shape = shape(tensor);
        if (shape.length == 0 || shape[0] < 1 || shape[0] > MOST_SIZE) {
            throw find(tensor)
                    .graph
                    .bad("tensor " + tensor + " has the shape " + Arrays.toString(shape)
                            + "; the first dimension must be 1 to " + MOST_SIZE);
        }
        return (int) shape[0];
    }

    private int layers(String path) {
        return (int) tensors.keySet().stream()
                // A tensor of no layer, such as encoder.layers.weight, is refused with the others that no Moonshine
                // has.
                .filter(name -> name.startsWith(path) && name.indexOf('.', path.length()) > 0)
                .map(name -> name.substring(0, name.indexOf('.', path.length())))
                .distinct()
                .count();
    }

    /** The decoder's inputs are keys of earlier steps, {@code [batch, heads, tokens, head size]}. */
    private static long headSize(OnnxFile decoder) {
        for (ValueInfoProto input : decoder.graph().getInputList()) {
            TypeProto.Tensor type = input.getType().getTensorType();
            if (input.getName().equals("past_key_values.0.decoder.key")
                    && type.getShape().getDimCount() == 4
                    && type.getShape().getDim(3).getDimValue() > 0) {
                return type.getShape().getDim(3).getDimValue();
            }
        }
        throw new BadFileException(
                decoder.file(), "has no input past_key_values.0.decoder.key whose shape ends with the size of a head");
    }

    /** Twice the number of angles, which are a constant that is multiplied by positions. */
    private static int rotated(OnnxGraph graph) {
        for (NodeProto node : graph.nodes()) {
            if (node.getName().endsWith("rotary_emb/MatMul") && graph.constant(node, 0) != null) {
                float[] frequencies = graph.floats(graph.constant(node, 0));
                for (int i = 0; i < frequencies.length; i++) {
                    double right = Math.pow(MoonshineArchitecture.ROTARY_BASE, -(double) i / frequencies.length);
                    if (!(Math.abs(frequencies[i] - right) < 1e-5 * right)) {
                        throw graph.bad("node " + node.getName() + ": frequency " + i + " of rotary positions is "
                                + frequencies[i] + ", must be " + (float) right);
                    }
                }
                return 2 * frequencies.length;
            }
        }
        throw graph.bad("has no node rotary_emb/MatMul with a constant of frequencies");
    }

    public MoonshineArchitecture architecture() {
        return architecture;
    }

    @Override
    public String description() {
        return folder.toString();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    @Override
    public long[] shape(String name) {
        return find(name).shape.clone();
    }

    @Override
    public String type(String name) {
        TensorProto tensor = find(name).tensor;
        StoredFloat format = OnnxFile.format(tensor);
        if (format != null) {
            return format.name();
        }
        return OnnxGraph.signed(tensor) ? "I8" : "U8";
    }

    @Override
    public void read(String name, MemorySegment destination) {
        Stored stored = find(name);
        long elements = Arrays.stream(stored.shape).reduce(1, Math::multiplyExact);
        StoredFloat.requireSize(destination, elements, description(), name);
        if (stored.transposed) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment floats = Pages.allocate(arena, Float.BYTES * elements, Float.BYTES);
                stored.graph.read(stored.tensor, stored.scaling, floats);
                int columns = (int) stored.shape[0];
                int rows = (int) stored.shape[1];
                Transposition.copy(floats, columns, rows, columns, destination, rows);
            }
        } else {
            stored.graph.read(stored.tensor, stored.scaling, destination);
        }
        StoredFloat.requireFinite(destination, 0, elements, description(), name);
    }

    @Override
    public synchronized void close() {
        tensors = Map.of();
        files.forEach(OnnxFile::close);
    }

    private Stored find(String name) {
        Stored stored = tensors.get(name);
        if (stored == null) {
            throw new BadFileException(description(), "has no tensor " + name + " in " + ENCODER + " and " + DECODER);
        }
        return stored;
    }
}
