package io.tokenwise.natives.cuda;

import io.tokenwise.natives.generated.cublaslt.CublasLtApi;

/** What the two sides of a product by cuBLASLt are; sums and results are float32. */
public enum LtType {
    /** Float32, multiplied as such: not cut to TF32. */
    F32(CublasLtApi.CUDA_R_32F(), 4),
    /** Bfloat16. */
    BF16(CublasLtApi.CUDA_R_16BF(), 2);

    final int code;
    final int bytes;

    LtType(int code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }
}
