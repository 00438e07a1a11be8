package io.tokenwise.bench;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * The same products by ONNX Runtime: one graph with a MatMul for each weight matrix, all with the same input, so that the cost of a call
 * is spread over them. Weights are initializers, which ONNX Runtime packs when the session is made; one thread.
 */
final class OrtGemm implements GemmContender {
    private final OrtSession session;
    private final Map<String, OnnxTensor> inputs;
    private final Map<String, OnnxTensor> outputs = new HashMap<>();
    private final FloatBuffer[] results;

    OrtGemm(GemmShape shape, float[] a, float[][] weights) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            options.setInterOpNumThreads(1);
            session = environment.createSession(model(shape, weights).toByteArray(), options);
        }
        FloatBuffer input = floats(shape.m() * shape.k());
        input.put(a).rewind();
        inputs = Map.of("a", OnnxTensor.createTensor(environment, input, new long[] {shape.m(), shape.k()}));
        results = new FloatBuffer[weights.length];
        for (int i = 0; i < weights.length; i++) {
            results[i] = floats(shape.m() * shape.n());
            outputs.put("c" + i, OnnxTensor.createTensor(environment, results[i], new long[] {shape.m(), shape.n()}));
        }
    }

    private static FloatBuffer floats(int count) {
        return ByteBuffer.allocateDirect(count * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    private static ModelProto model(GemmShape shape, float[][] weights) {
        GraphProto.Builder graph = GraphProto.newBuilder().setName("gemm").addInput(value("a", shape.m(), shape.k()));
        for (int i = 0; i < weights.length; i++) {
            ByteBuffer bytes =
                    ByteBuffer.allocate(weights[i].length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(weights[i]);
            graph.addInitializer(TensorProto.newBuilder()
                            .setName("b" + i)
                            .setDataType(TensorProto.DataType.FLOAT.getNumber())
                            .addDims(shape.k())
                            .addDims(shape.n())
                            .setRawData(ByteString.copyFrom(bytes)))
                    .addNode(NodeProto.newBuilder()
                            .setName("product" + i)
                            .setOpType("MatMul")
                            .addInput("a")
                            .addInput("b" + i)
                            .addOutput("c" + i))
                    .addOutput(value("c" + i, shape.m(), shape.n()));
        }
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(13))
                .setGraph(graph)
                .build();
    }

    private static ValueInfoProto value(String name, int rows, int columns) {
        TensorShapeProto shape = TensorShapeProto.newBuilder()
                .addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(rows))
                .addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(columns))
                .build();
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder()
                                .setElemType(TensorProto.DataType.FLOAT.getNumber())
                                .setShape(shape)))
                .build();
    }

    @Override
    public void run() {
        try {
            session.run(inputs, outputs).close();
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime MatMul: " + e.getMessage(), e);
        }
    }

    @Override
    public float result(int weight, int index) {
        return results[weight].get(index);
    }

    @Override
    public void close() {
        outputs.values().forEach(OnnxTensor::close);
        inputs.values().forEach(OnnxTensor::close);
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime MatMul: " + e.getMessage(), e);
        }
    }
}
