package io.tokenwise.references;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** An ONNX graph in the making, of operators of opset 17. Values are known by name; a constant that is there already is taken again. */
final class Graph {
    private static final int OPSET = 17;

    /** The newest file format that opset needs. */
    private static final int IR_VERSION = 8;

    private final GraphProto.Builder graph;
    private final Map<String, String> constants = new HashMap<>();
    private int nodes;

    Graph(String name) {
        graph = GraphProto.newBuilder().setName(name);
    }

    ModelProto model() {
        return ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPSET))
                .setGraph(graph)
                .build();
    }

    /** An input of whole numbers or of floats, whose dimensions are named. */
    String input(String name, boolean floats, String... dimensions) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (String dimension : dimensions) {
            shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimParam(dimension));
        }
        TensorProto.DataType type = floats ? TensorProto.DataType.FLOAT : TensorProto.DataType.INT64;
        graph.addInput(ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder()
                                .setElemType(type.getNumber())
                                .setShape(shape))));
        return name;
    }

    void output(String name, String value) {
        graph.addNode(
                NodeProto.newBuilder().setOpType("Identity").addInput(value).addOutput(name));
        graph.addOutput(ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(
                                TypeProto.Tensor.newBuilder().setElemType(TensorProto.DataType.FLOAT.getNumber()))));
    }

    /** A node with one result. */
    String op(String type, String... inputs) {
        return op(type, Map.of(), inputs);
    }

    /** @param attributes numbers, or lists of them as {@code long[]} */
    String op(String type, Map<String, ?> attributes, String... inputs) {
        return op(1, type, attributes, inputs)[0];
    }

    String[] op(int results, String type, Map<String, ?> attributes, String... inputs) {
        String name = type + "_" + nodes++;
        String[] outputs =
                IntStream.range(0, results).mapToObj(i -> name + "_" + i).toArray(String[]::new);
        NodeProto.Builder node = NodeProto.newBuilder().setOpType(type).setName(name);
        for (String input : inputs) {
            node.addInput(input);
        }
        for (String output : outputs) {
            node.addOutput(output);
        }
        attributes.forEach((key, value) -> node.addAttribute(attribute(key, value)));
        graph.addNode(node);
        return outputs;
    }

    private static AttributeProto attribute(String name, Object value) {
        AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(name);
        switch (value) {
            case long[] list -> {
                attribute.setType(AttributeProto.AttributeType.INTS);
                LongStream.of(list).forEach(attribute::addInts);
            }
            case Double number ->
                attribute.setType(AttributeProto.AttributeType.FLOAT).setF(number.floatValue());
            default -> attribute.setType(AttributeProto.AttributeType.INT).setI(((Number) value).longValue());
        }
        return attribute.build();
    }

    String scalar(double value) {
        return constants.computeIfAbsent(
                "scalar " + value, _ -> tensor("scalar_" + constants.size(), new Array(new float[] {(float) value})));
    }

    String integers(long... values) {
        return constants.computeIfAbsent(
                "integers " + LongStream.of(values).boxed().toList(), _ -> {
                    ByteBuffer bytes = buffer(values.length * Long.BYTES);
                    bytes.asLongBuffer().put(values);
                    return add("integers_" + constants.size(), TensorProto.DataType.INT64, bytes, values.length);
                });
    }

    String tensor(String name, Array array) {
        ByteBuffer bytes = buffer(array.values().length * Float.BYTES);
        bytes.asFloatBuffer().put(array.values());
        return add(name, TensorProto.DataType.FLOAT, bytes, array.shape());
    }

    String bytes(String name, byte[] values, long... shape) {
        return add(name, TensorProto.DataType.INT8, ByteBuffer.wrap(values), shape);
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private String add(String name, TensorProto.DataType type, ByteBuffer bytes, long... shape) {
        TensorProto.Builder tensor = TensorProto.newBuilder()
                .setName(name)
                .setDataType(type.getNumber())
                .setRawData(ByteString.copyFrom(bytes));
        LongStream.of(shape).forEach(tensor::addDims);
        graph.addInitializer(tensor);
        return name;
    }
}
