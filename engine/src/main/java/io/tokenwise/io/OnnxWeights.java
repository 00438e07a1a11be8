package io.tokenwise.io;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import io.tokenwise.api.BadFileException;
import io.tokenwise.natives.Pages;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The weights of a BERT that PyTorch exported to ONNX.
 *
 * <p>The exporter keeps the names of embeddings, biases and LayerNorms, but it transposes the matrices of linear layers to
 * {@code [in, out]} and calls them {@code onnx::MatMul_123}. Each is found by the graph: the matrix belongs to the bias
 * that is added to its product. Here it has its Hugging Face name and layout {@code [out, in]} again.
 */
public final class OnnxWeights implements WeightSource {
    private final String file;
    private final OnnxFile model;
    private volatile Map<String, Entry> entries;

    /** A tensor of the file, and whether it is a matrix to be transposed. */
    private record Entry(TensorProto tensor, boolean transposed) {
        long[] shape() {
            long[] shape =
                    tensor.getDimsList().stream().mapToLong(Long::longValue).toArray();
            return transposed ? new long[] {shape[1], shape[0]} : shape;
        }
    }

    private OnnxWeights(OnnxFile model) {
        this.file = model.file();
        this.model = model;
        GraphProto graph = model.graph();
        Map<String, TensorProto> constants = constants(graph);
        Map<String, Entry> found = new LinkedHashMap<>();
        constants.forEach((name, tensor) -> {
            if (name.endsWith(".weight") || name.endsWith(".bias")) {
                model.requireData(name, tensor, OnnxFile.format(tensor).bytes);
                found.put(name, new Entry(tensor, false));
            }
        });
        found.putAll(matrices(graph, constants));
        for (String name : found.keySet()) {
            String weight = weightOf(name);
            if (!found.containsKey(weight)) {
                throw new BadFileException(
                        file,
                        "no MatMul with a constant float matrix feeds the Add of " + name
                                + ": not a float BERT exported by PyTorch");
            }
        }
        if (found.isEmpty()) {
            throw new BadFileException(file, "has no named weights: not a BERT exported by PyTorch");
        }
        this.entries = found;
    }

    /** Reads a file. */
    public static OnnxWeights open(Path path) throws IOException {
        return of(OnnxFile.open(path));
    }

    /** Reads a model's bytes, as {@link ByteSource#read} does. */
    public static OnnxWeights read(String file, InputStream in, long bytes) throws IOException {
        return of(OnnxFile.read(file, in, bytes));
    }

    private static OnnxWeights of(OnnxFile model) {
        try {
            return new OnnxWeights(model);
        } catch (Throwable e) {
            model.close();
            throw e;
        }
    }

    @Override
    public String description() {
        return file;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(entries.keySet());
    }

    @Override
    public long[] shape(String name) {
        return find(name).shape();
    }

    @Override
    public String type(String name) {
        return OnnxFile.format(find(name).tensor).name();
    }

    @Override
    public void read(String name, MemorySegment destination) {
        Entry entry = find(name);
        TensorProto tensor = entry.tensor;
        StoredFloat format = OnnxFile.format(tensor);
        MemorySegment data = MemorySegment.ofBuffer(tensor.getRawData().asReadOnlyByteBuffer());
        long elements = data.byteSize() / format.bytes;
        StoredFloat.requireSize(destination, elements, file, name);
        if (entry.transposed) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment floats = Pages.allocate(arena, 4 * elements, Float.BYTES);
                format.decode(data, elements, floats, 0);
                int rows = (int) tensor.getDims(0);
                int columns = (int) tensor.getDims(1);
                Transposition.copy(floats, columns, rows, columns, destination, rows);
            }
        } else {
            format.decode(data, elements, destination, 0);
        }
        StoredFloat.requireFinite(destination, 0, elements, file, name);
    }

    @Override
    public synchronized void close() {
        entries = Map.of();
        model.close();
    }

    private Entry find(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new BadFileException(file, "has no tensor " + name);
        }
        return entry;
    }

    private static String weightOf(String bias) {
        return bias.endsWith(".bias") ? bias.substring(0, bias.length() - ".bias".length()) + ".weight" : bias;
    }

    /** All float tensors that the graph holds, as initializers or in Constant nodes, by the name that nodes use. */
    private static Map<String, TensorProto> constants(GraphProto graph) {
        Map<String, TensorProto> constants = new LinkedHashMap<>();
        for (TensorProto tensor : graph.getInitializerList()) {
            if (OnnxFile.format(tensor) != null) {
                constants.put(tensor.getName(), tensor);
            }
        }
        for (NodeProto node : graph.getNodeList()) {
            if (node.getOpType().equals("Constant") && node.getOutputCount() == 1) {
                for (AttributeProto attribute : node.getAttributeList()) {
                    if (attribute.getName().equals("value") && OnnxFile.format(attribute.getT()) != null) {
                        constants.put(node.getOutput(0), attribute.getT());
                    }
                }
            }
        }
        return constants;
    }

    /** The anonymous matrices, named after the bias that is added to their product. */
    private Map<String, Entry> matrices(GraphProto graph, Map<String, TensorProto> constants) {
        Map<String, TensorProto> matrixOfProduct = new HashMap<>();
        for (NodeProto node : graph.getNodeList()) {
            if (node.getOpType().equals("MatMul") && node.getInputCount() == 2 && node.getOutputCount() == 1) {
                TensorProto matrix = constants.get(node.getInput(1));
                if (matrix != null && matrix.getDimsCount() == 2) {
                    matrixOfProduct.put(node.getOutput(0), matrix);
                }
            }
        }
        Map<String, Entry> matrices = new LinkedHashMap<>();
        for (NodeProto node : graph.getNodeList()) {
            if (node.getOpType().equals("Add") && node.getInputCount() == 2) {
                for (List<String> inputs :
                        List.of(node.getInputList(), node.getInputList().reversed())) {
                    TensorProto matrix = matrixOfProduct.get(inputs.get(1));
                    if (matrix != null && inputs.get(0).endsWith(".bias")) {
                        String name = weightOf(inputs.get(0));
                        model.requireData(name, matrix, OnnxFile.format(matrix).bytes);
                        matrices.put(name, new Entry(matrix, true));
                    }
                }
            }
        }
        return matrices;
    }
}
