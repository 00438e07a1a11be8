package io.tokenwise.model.moonshine;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import io.tokenwise.HuggingFaceTensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A quantised Moonshine as moonshine-js has it: nodes called by their modules' paths, weights of bytes with anonymous names. It holds the nodes that weights
 * are found by, and no others.
 */
final class MoonshineGraphs {
    private static final int FLOAT = 1;
    private static final int UINT8 = 2;
    private static final int INT8 = 3;

    final GraphProto.Builder encoder = GraphProto.newBuilder();

    /** The branch of the decoder's first step. */
    final GraphProto.Builder first = GraphProto.newBuilder();

    private final GraphProto.Builder decoder = GraphProto.newBuilder();

    /** Where weights are put now: the decoder's branches have them outside. */
    private GraphProto.Builder weights = encoder;

    /** What must be read. */
    final Map<String, float[]> expected = new LinkedHashMap<>();

    private final SplittableRandom random = new SplittableRandom(5);
    private int number;

    MoonshineGraphs(MoonshineArchitecture sizes) {
        HuggingFaceTensors.of(sizes).forEach((name, shape) -> {
            boolean inDecoder = name.startsWith("decoder.");
            GraphProto.Builder graph = inDecoder ? first : encoder;
            weights = inDecoder ? decoder : encoder;
            String module = name.substring(inDecoder ? 0 : "encoder.".length(), name.lastIndexOf('.'));
            String path = (inDecoder ? "/model/" : "/")
                    + module.replaceAll("\\.(?!\\d)", "/")
                            .replace("o_proj", "dense")
                            .replace("mlp/fc1", inDecoder ? "mlp/up_proj" : "mlp/fc1")
                            .replace("mlp/fc2", inDecoder ? "mlp/down_proj" : "mlp/fc2");
            if (name.contains("conv")) {
                convolution(graph, name, path, shape);
            } else if (name.contains("embed_tokens")) {
                table(graph, name, path, shape);
            } else if (shape.length == 2) {
                matrix(graph, name, path, shape);
            } else {
                vector(graph, name, path, shape);
            }
        });
        rotary(first, "/model/decoder/rotary_emb", sizes.rotated() / 2);
        weights = encoder;
        rotary(encoder, "/rotary_emb", sizes.rotated() / 2);
        decoder.addInput(keys(sizes));
    }

    private static ValueInfoProto keys(MoonshineArchitecture sizes) {
        var input = ValueInfoProto.newBuilder().setName("past_key_values.0.decoder.key");
        for (int dimension : new int[] {0, sizes.heads(), 0, sizes.hiddenSize() / sizes.heads()}) {
            input.getTypeBuilder()
                    .getTensorTypeBuilder()
                    .getShapeBuilder()
                    .addDimBuilder()
                    .setDimValue(dimension);
        }
        return input.build();
    }

    private byte[] bytes(String name, long[] shape, boolean signed, int zero, float scale, float shift) {
        var bytes = new byte[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        random.nextBytes(bytes);
        var floats = new float[bytes.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = ((signed ? bytes[i] : Byte.toUnsignedInt(bytes[i])) - zero) * scale + shift;
        }
        expected.put(name, floats);
        return bytes;
    }

    /** Our {@code [out, in]} is {@code [in, out]} there. */
    private void matrix(GraphProto.Builder graph, String name, String path, long[] shape) {
        float scale = random.nextFloat();
        int zero = random.nextInt(256);
        String weight = "onnx::MatMul_" + number++;
        byte[] ours = bytes(name, shape, false, zero, scale, 0);
        var theirs = new byte[ours.length];
        for (int out = 0; out < shape[0]; out++) {
            for (int in = 0; in < shape[1]; in++) {
                theirs[(int) (in * shape[0] + out)] = ours[(int) (out * shape[1] + in)];
            }
        }
        add(weight + "_quantized", UINT8, theirs, shape[1], shape[0]);
        weights.addInitializer(tensor(weight + "_zero_point", UINT8).addInt32Data(zero));
        weights.addInitializer(tensor(weight + "_scale", FLOAT).addFloatData(scale));
        graph.addNode(node(
                path + "/MatMul_quant", "MatMulInteger", "x", weight + "_quantized", "x_zero", weight + "_zero_point"));
        graph.addNode(node(path + "/MatMul_cast", "Cast", path + "/MatMul_quant:0"));
        graph.addNode(node(path + "/MatMul_scales", "Mul", "x_scale", weight + "_scale"));
        graph.addNode(node(path + "/MatMul_scaled", "Mul", path + "/MatMul_cast:0", path + "/MatMul_scales:0"));
    }

    private void table(GraphProto.Builder graph, String name, String path, long[] shape) {
        add("table_quantized", UINT8, bytes(name, shape, false, 129, .01f, 0), shape);
        weights.addInitializer(tensor("table_zero_point", UINT8).addInt32Data(129));
        weights.addInitializer(tensor("table_scale", FLOAT).addFloatData(.01f));
        graph.addNode(node(path + "/Gather", "Gather", "table_quantized", "input_ids"));
        graph.addNode(
                node(path + "/Gather_dq", "DequantizeLinear", path + "/Gather:0", "table_scale", "table_zero_point"));
    }

    private void convolution(GraphProto.Builder graph, String name, String path, long[] shape) {
        if (name.endsWith(".bias")) {
            add(name, FLOAT, littleEndian(floats(name, shape)), shape);
            return;
        }
        float scale = random.nextFloat();
        add(path + ".q", INT8, bytes(name, shape, true, 0, scale, -.25f), shape);
        weights.addInitializer(tensor(path + ".scale", FLOAT).addDims(1).addFloatData(scale));
        weights.addInitializer(tensor(path + ".shift", FLOAT).addDims(1).addFloatData(-.25f));
        graph.addNode(node(path + ".cast", "Cast", path + ".q"));
        graph.addNode(node(path + ".mul", "Mul", path + ".cast:0", path + ".scale"));
        graph.addNode(node(path + ".add", "Add", path + ".mul:0", path + ".shift"));
        NodeProto.Builder convolution = path.endsWith("1")
                ? node(path + "/Conv", "Conv", "x", path + ".add:0")
                : node(path + "/Conv", "Conv", "x", path + ".add:0", name.replace("weight", "bias"));
        long step = MoonshineArchitecture.SOUND
                .convolutions()
                .get(path.charAt(path.length() - 1) - '1')
                .step();
        graph.addNode(convolution.addAttribute(
                AttributeProto.newBuilder().setName("strides").addInts(step)));
    }

    private void vector(GraphProto.Builder graph, String name, String path, long[] shape) {
        boolean gain = name.endsWith(".weight");
        add("onnx::" + number, FLOAT, littleEndian(floats(name, shape)), shape);
        graph.addNode(node(path + (gain ? "/Mul" : "/Add"), gain ? "Mul" : "Add", "x", "onnx::" + number++));
    }

    private float[] floats(String name, long... shape) {
        var floats = new float[(int) shape[0]];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = random.nextFloat();
        }
        expected.put(name, floats);
        return floats;
    }

    private void rotary(GraphProto.Builder graph, String path, int angles) {
        var frequencies = new float[angles];
        for (int i = 0; i < angles; i++) {
            frequencies[i] = (float) Math.pow(10_000, -(double) i / angles);
        }
        add(path + "/frequencies", FLOAT, littleEndian(frequencies), 1, angles, 1);
        graph.addNode(node(path + "/MatMul", "MatMul", path + "/frequencies", "positions"));
    }

    private static byte[] littleEndian(float... floats) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * floats.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(floats);
        return bytes.array();
    }

    private static TensorProto.Builder tensor(String name, int type) {
        return TensorProto.newBuilder().setName(name).setDataType(type);
    }

    private void add(String name, int type, byte[] data, long... shape) {
        TensorProto.Builder tensor = tensor(name, type).setRawData(ByteString.copyFrom(data));
        Arrays.stream(shape).forEach(tensor::addDims);
        weights.addInitializer(tensor);
    }

    private static NodeProto.Builder node(String name, String operation, String... inputs) {
        return NodeProto.newBuilder()
                .setName(name)
                .setOpType(operation)
                .addAllInput(List.of(inputs))
                .addOutput(name + ":0");
    }

    /** Writes both files. */
    void write(Path folder) throws IOException {
        NodeProto.Builder branches = node("If", "If", "use_cache_branch")
                .addAttribute(AttributeProto.newBuilder().setName("else_branch").setG(first));
        write(folder.resolve(MoonshineOnnx.ENCODER), encoder);
        write(folder.resolve(MoonshineOnnx.DECODER), decoder.clone().addNode(branches));
    }

    private static void write(Path file, GraphProto.Builder graph) throws IOException {
        Files.write(file, ModelProto.newBuilder().setGraph(graph).build().toByteArray());
    }
}
