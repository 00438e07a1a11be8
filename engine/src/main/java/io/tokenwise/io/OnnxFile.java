package io.tokenwise.io;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An ONNX model in memory: the graph, whose tensors' data stay in the file's bytes. They lie outside the heap until {@link #close}: there they would
 * stay for long, and make it grow.
 */
public record OnnxFile(String file, GraphProto graph, ByteSource.InMemory bytes) implements AutoCloseable {
    private static final int FLOAT = 1;
    private static final int FLOAT16 = 10;
    private static final int DOUBLE = 11;
    private static final int BFLOAT16 = 16;

    /** Reads a file. */
    public static OnnxFile open(Path path) throws IOException {
        String file = path.toString();
        if (!Files.isRegularFile(path)) {
            throw new BadFileException(file, Files.exists(path) ? "is not a file" : "no such file");
        }
        try (InputStream in = Files.newInputStream(path)) {
            return read(file, in, Files.size(path));
        }
    }

    /** Reads a model's bytes, as {@link ByteSource#read} does. */
    static OnnxFile read(String file, InputStream in, long count) throws IOException {
        ByteSource.InMemory bytes = ByteSource.read(file, in, count);
        try {
            ByteString content = UnsafeByteOperations.unsafeWrap(bytes.memory().asByteBuffer());
            var fields = new OnnxFields(file);
            fields.ofModel(content.newCodedInput());
            CodedInputStream coded = content.newCodedInput();
            coded.enableAliasing(true);
            return new OnnxFile(file, ModelProto.parseFrom(coded).getGraph(), bytes);
        } catch (IOException e) {
            bytes.close();
            throw new BadFileException(file, "is not an ONNX model: " + e.getMessage(), e);
        } catch (Throwable e) {
            bytes.close();
            throw e;
        }
    }

    /** The format of a tensor's values; null if they are no floating-point numbers. */
    public static StoredFloat format(TensorProto tensor) {
        return switch (tensor.getDataType()) {
            case FLOAT -> StoredFloat.F32;
            case FLOAT16 -> StoredFloat.F16;
            case BFLOAT16 -> StoredFloat.BF16;
            case DOUBLE -> StoredFloat.F64;
            default -> null;
        };
    }

    /**
     * Checks that the file holds what a tensor's shape takes.
     *
     * @param name what messages call it
     * @param elementBytes of each value
     * @throws BadFileException if it does not
     */
    void requireData(String name, TensorProto tensor, int elementBytes) {
        if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
            throw new BadFileException(file, "tensor " + name + " lies in another file; export the model as one file");
        }
        long size = elementBytes;
        try {
            for (long dimension : tensor.getDimsList()) {
                if (dimension < 0) {
                    throw new BadFileException(file, "tensor " + name + " has a negative dimension");
                }
                size = Math.multiplyExact(size, dimension);
            }
        } catch (ArithmeticException e) {
            throw new BadFileException(file, "tensor " + name + ": its shape overflows", e);
        }
        if (size != tensor.getRawData().size()) {
            throw new BadFileException(
                    file,
                    "tensor " + name + ": its shape takes " + size + " bytes, the file holds "
                            + tensor.getRawData().size() + " (raw_data)");
        }
    }

    @Override
    public void close() {
        bytes.close();
    }
}
