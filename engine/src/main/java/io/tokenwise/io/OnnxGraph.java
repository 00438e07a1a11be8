package io.tokenwise.io;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import io.tokenwise.api.BadFileException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The nodes of an ONNX graph, and who gives what to whom. What a node reads that is no constant was made by another node, or is an input. */
public final class OnnxGraph {
    private static final int UINT8 = 2;
    private static final int INT8 = 3;

    /** Values that are read at a time. */
    private static final int CHUNK = 1 << 12;

    private final OnnxFile file;
    private final List<NodeProto> nodes = new ArrayList<>();
    private final Map<String, TensorProto> constants = new HashMap<>();
    private final Map<String, NodeProto> producers = new HashMap<>();
    private final Map<String, List<NodeProto>> consumers = new HashMap<>();

    /** How the values of a tensor become numbers: {@code (value - zero) * scale + shift}. */
    public record Scaling(int zero, float scale, float shift) {}

    /**
     * @param branch which branch of the graph's only If is read as if it were there always, such as {@code else_branch}; null if there is none
     * @throws BadFileException if there is no such branch
     */
    public OnnxGraph(OnnxFile file, String branch) {
        this.file = file;
        add(file.graph());
        if (branch != null) {
            GraphProto taken = nodes.stream()
                    .filter(node -> node.getOpType().equals("If"))
                    .flatMap(node -> node.getAttributeList().stream())
                    .filter(attribute -> attribute.getName().equals(branch))
                    .findFirst()
                    .orElseThrow(() -> bad("has no If with an " + branch))
                    .getG();
            add(taken);
        }
    }

    private void add(GraphProto graph) {
        graph.getInitializerList().forEach(tensor -> constants.put(tensor.getName(), tensor));
        for (NodeProto node : graph.getNodeList()) {
            nodes.add(node);
            node.getOutputList().forEach(output -> producers.put(output, node));
            node.getInputList()
                    .forEach(input -> consumers
                            .computeIfAbsent(input, _ -> new ArrayList<>())
                            .add(node));
            if (node.getOpType().equals("Constant") && node.getOutputCount() > 0) {
                node.getAttributeList().stream()
                        .filter(AttributeProto::hasT)
                        .forEach(attribute -> constants.put(node.getOutput(0), attribute.getT()));
            }
        }
    }

    public BadFileException bad(String fact) {
        return new BadFileException(file.file(), fact);
    }

    public List<NodeProto> nodes() {
        return nodes;
    }

    /** The constant that a node reads in a place; null if that is no constant or not there. */
    public TensorProto constant(NodeProto node, int input) {
        return input < node.getInputCount() ? constants.get(node.getInput(input)) : null;
    }

    /** The node that makes what another reads in a place. */
    public NodeProto producer(NodeProto node, int input) {
        String name = input < node.getInputCount() ? node.getInput(input) : "number " + input;
        NodeProto producer = producers.get(name);
        if (producer == null) {
            throw bad("node " + node.getName() + ": no node makes its input " + name);
        }
        return producer;
    }

    /** The node of a kind that reads what another makes. */
    public NodeProto consumer(NodeProto node, String operation) {
        return node.getOutputList().stream()
                .flatMap(output -> consumers.getOrDefault(output, List.of()).stream())
                .filter(next -> next.getOpType().equals(operation))
                .findFirst()
                .orElseThrow(() -> bad("node " + node.getName() + ": no " + operation + " reads its result"));
    }

    /** The whole numbers of an attribute. */
    public List<Long> integers(NodeProto node, String attribute) {
        return node.getAttributeList().stream()
                .filter(a -> a.getName().equals(attribute))
                .findFirst()
                .map(AttributeProto::getIntsList)
                .orElse(List.of());
    }

    /** The constant that is a single float in one of a node's two places. */
    public float scalar(NodeProto node) {
        for (int input = 0; input < node.getInputCount(); input++) {
            TensorProto tensor = constant(node, input);
            if (tensor != null && OnnxFile.format(tensor) == StoredFloat.F32 && values(tensor) == 1) {
                return floats(tensor)[0];
            }
        }
        throw bad("node " + node.getName() + " reads no constant that is a single float");
    }

    /** The constant that is a single byte in one of a node's places. */
    public int scalarByte(NodeProto node, int input) {
        TensorProto tensor = constant(node, input);
        if (tensor == null || !isBytes(tensor) || values(tensor) != 1) {
            throw bad("node " + node.getName() + ": its input " + input + " is not a constant of one byte");
        }
        if (tensor.getInt32DataCount() == 1) {
            return tensor.getInt32Data(0);
        }
        requireData(tensor);
        return signed(tensor)
                ? tensor.getRawData().byteAt(0)
                : Byte.toUnsignedInt(tensor.getRawData().byteAt(0));
    }

    /** Values that a tensor's shape says it has. */
    public long values(TensorProto tensor) {
        long values = 1;
        for (long dimension : tensor.getDimsList()) {
            if (dimension < 0 || Math.multiplyHigh(values, dimension) != 0) {
                throw bad("tensor " + tensor.getName() + " has shape " + tensor.getDimsList());
            }
            values *= dimension;
        }
        return values;
    }

    /** The values of a small float tensor. */
    public float[] floats(TensorProto tensor) {
        var values = new float[tensor.getFloatDataCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.getFloatData(i);
        }
        if (values.length == 0) {
            requireData(tensor);
            ByteBuffer data = tensor.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
            values = new float[data.remaining() / Float.BYTES];
            data.asFloatBuffer().get(values);
        }
        return values;
    }

    public static boolean isBytes(TensorProto tensor) {
        return tensor.getDataType() == UINT8 || tensor.getDataType() == INT8;
    }

    public static boolean signed(TensorProto tensor) {
        return tensor.getDataType() == INT8;
    }

    /** Checks that the file holds all values of a tensor of floats or bytes. */
    public void requireData(TensorProto tensor) {
        StoredFloat format = OnnxFile.format(tensor);
        if (format == null && !isBytes(tensor)) {
            throw bad("tensor " + tensor.getName() + " holds type " + tensor.getDataType()
                    + ", supported are floating-point numbers and bytes");
        }
        file.requireData(tensor.getName(), tensor, format == null ? 1 : format.bytes);
    }

    /** Reads a tensor as float32. */
    public void read(TensorProto tensor, Scaling scaling, MemorySegment floats) {
        MemorySegment data = MemorySegment.ofBuffer(tensor.getRawData().asReadOnlyByteBuffer());
        long count = floats.byteSize() / Float.BYTES;
        if (!isBytes(tensor)) {
            OnnxFile.format(tensor).decode(data, count, floats, 0);
            return;
        }
        var table = new float[256];
        for (int i = 0; i < table.length; i++) {
            int value = signed(tensor) ? (byte) i : i;
            table[i] = (value - scaling.zero()) * scaling.scale() + scaling.shift();
        }
        // By way of arrays, whose loop is compiled early: it runs once, when a model is loaded.
        var bytes = new byte[CHUNK];
        var values = new float[CHUNK];
        for (long at = 0; at < count; at += CHUNK) {
            int length = (int) Math.min(CHUNK, count - at);
            MemorySegment.copy(data, ValueLayout.JAVA_BYTE, at, bytes, 0, length);
            lookUp(bytes, table, values, length);
            MemorySegment.copy(values, 0, floats, ValueLayout.JAVA_FLOAT_UNALIGNED, Float.BYTES * at, length);
        }
    }

    private static void lookUp(byte[] bytes, float[] table, float[] values, int length) {
        for (int i = 0; i < length; i++) {
            values[i] = table[Byte.toUnsignedInt(bytes[i])];
        }
    }
}
