package io.tokenwise.bench;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Rewrites a graph that quantises its activations as it runs (DynamicQuantizeLinear, MatMulInteger) into one with the same weights as floats: what an
 * engine in float32 can equal. The steps are one for a whole tensor there, so that the quantised result of a token depends on all others.
 */
final class FloatGraph {
    private final Map<String, TensorProto> constants = new HashMap<>();
    private final Map<String, TensorProto> floats = new LinkedHashMap<>();

    private FloatGraph() {}

    static byte[] of(byte[] model) throws InvalidProtocolBufferException {
        ModelProto parsed = ModelProto.parseFrom(model);
        var rewriting = new FloatGraph();
        GraphProto graph = rewriting.rewrite(parsed.getGraph());
        return parsed.toBuilder()
                .setGraph(graph.toBuilder().addAllInitializer(rewriting.floats.values()))
                .build()
                .toByteArray();
    }

    private GraphProto rewrite(GraphProto graph) {
        graph.getInitializerList().forEach(tensor -> constants.put(tensor.getName(), tensor));
        Map<String, NodeProto> producers = new HashMap<>();
        Map<String, NodeProto> casts = new HashMap<>();
        Map<String, NodeProto> scaled = new HashMap<>();
        for (NodeProto node : graph.getNodeList()) {
            node.getOutputList().forEach(output -> producers.put(output, node));
            switch (node.getOpType()) {
                case "Cast" -> casts.put(node.getInput(0), node);
                case "Mul" -> node.getInputList().forEach(input -> scaled.put(input, node));
                default -> {}
            }
        }
        Map<String, NodeProto> replaced = new HashMap<>();
        for (NodeProto node : graph.getNodeList()) {
            if (node.getOpType().equals("MatMulInteger")) {
                NodeProto result = scaled.get(casts.get(node.getOutput(0)).getOutput(0));
                replaced.put(result.getName(), product(node, result, producers));
            }
        }
        GraphProto.Builder rewritten = graph.toBuilder().clearNode();
        for (NodeProto node : graph.getNodeList()) {
            if (replaced.containsKey(node.getName())) {
                rewritten.addNode(replaced.get(node.getName()));
            } else if (!node.getOpType().equals("MatMulInteger") && !readsProduct(node, producers)) {
                rewritten.addNode(withBranches(node));
            }
        }
        return rewritten.build();
    }

    private static boolean readsProduct(NodeProto node, Map<String, NodeProto> producers) {
        NodeProto before = node.getInputCount() == 0 ? null : producers.get(node.getInput(0));
        return before != null && before.getOpType().equals("MatMulInteger");
    }

    private NodeProto withBranches(NodeProto node) {
        NodeProto.Builder builder = node.toBuilder();
        for (int i = 0; i < node.getAttributeCount(); i++) {
            AttributeProto attribute = node.getAttribute(i);
            if (attribute.hasG()) {
                builder.setAttribute(i, attribute.toBuilder().setG(rewrite(attribute.getG())));
            }
        }
        return builder.build();
    }

    private NodeProto product(NodeProto integer, NodeProto result, Map<String, NodeProto> producers) {
        NodeProto quantize = producers.get(integer.getInput(0));
        String weight = integer.getInput(1);
        String scale = weight.replace("_quantized", "_scale");
        String name = weight + "_float";
        floats.computeIfAbsent(name, _ -> dequantized(name, weight, integer.getInput(3), scale));
        return NodeProto.newBuilder()
                .setName(integer.getName() + "_float")
                .setOpType("MatMul")
                .addInput(quantize.getInput(0))
                .addInput(name)
                .addOutput(result.getOutput(0))
                .build();
    }

    private TensorProto dequantized(String name, String weight, String zeroPoint, String scale) {
        TensorProto bytes = constants.get(weight);
        int zero = constants.get(zeroPoint).getInt32Data(0);
        float step = constants.get(scale).getFloatData(0);
        ByteBuffer data =
                ByteBuffer.allocate(Float.BYTES * bytes.getRawData().size()).order(ByteOrder.LITTLE_ENDIAN);
        bytes.getRawData().forEach(value -> data.putFloat((Byte.toUnsignedInt(value) - zero) * step));
        return TensorProto.newBuilder()
                .setName(name)
                .setDataType(1)
                .addAllDims(bytes.getDimsList())
                .setRawData(ByteString.copyFrom(data.flip()))
                .build();
    }
}
