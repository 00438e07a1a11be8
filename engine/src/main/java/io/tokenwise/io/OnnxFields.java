package io.tokenwise.io;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.tokenwise.api.BadFileException;
import java.io.IOException;

/** Counts the fields of an ONNX model before it is read: one that is empty has two bytes in the file, and some 80 in memory. What lies deeper, or is packed, is as large as in the file. */
final class OnnxFields {
    /** Models of Moonshine have 20,000. */
    private static final int MOST = 500_000;

    /** Of messages in each other, as protobuf itself allows. */
    private static final int MOST_DEPTH = 100;

    private final String file;
    private int count;
    private int depth;

    OnnxFields(String file) {
        this.file = file;
    }

    /**
     * Counts those of all graphs, and of their nodes.
     *
     * @throws BadFileException if there are too many
     */
    void ofModel(CodedInputStream in) throws IOException {
        walk(in, ModelProto.GRAPH_FIELD_NUMBER, this::ofGraph);
    }

    private void ofGraph(CodedInputStream in) throws IOException {
        walk(in, GraphProto.NODE_FIELD_NUMBER, this::ofNode);
    }

    private void ofNode(CodedInputStream in) throws IOException {
        walk(in, NodeProto.ATTRIBUTE_FIELD_NUMBER, this::ofAttribute);
    }

    private void ofAttribute(CodedInputStream in) throws IOException {
        walk(in, AttributeProto.G_FIELD_NUMBER, this::ofGraph);
    }

    private interface Walk {
        void of(CodedInputStream in) throws IOException;
    }

    /** Looks at all fields, and into those of one number. */
    private void walk(CodedInputStream in, int number, Walk inner) throws IOException {
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (++count > MOST) {
                throw new BadFileException(file, "is an ONNX model of more than " + MOST + " fields");
            }
            boolean message = WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED;
            if (message && WireFormat.getTagFieldNumber(tag) == number) {
                if (++depth > MOST_DEPTH) {
                    throw new BadFileException(
                            file, "is an ONNX model of more than " + MOST_DEPTH + " messages in each other");
                }
                int limit = in.pushLimit(in.readRawVarint32());
                inner.of(in);
                in.popLimit(limit);
                depth--;
            } else if (!in.skipField(tag)) {
                return;
            }
        }
    }
}
