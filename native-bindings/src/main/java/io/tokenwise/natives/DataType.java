package io.tokenwise.natives;

import io.tokenwise.natives.generated.onednn.Dnnl;

/** The type of a matrix's elements, in native byte order. */
public enum DataType {
    F32(Dnnl.dnnl_f32(), 4),
    /** The upper half of a float. */
    BF16(Dnnl.dnnl_bf16(), 2),
    S8(Dnnl.dnnl_s8(), 1),
    U8(Dnnl.dnnl_u8(), 1),
    /** Bytes from -64 to 64. */
    S7(Dnnl.dnnl_s8(), 1),
    /** Bytes from 0 to 127: another makes sums wrong. */
    U7(Dnnl.dnnl_u8(), 1),
    S32(Dnnl.dnnl_s32(), 4);

    final int code;
    private final int bytes;

    DataType(int code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }
}
