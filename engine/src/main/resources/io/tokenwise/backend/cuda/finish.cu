// What products by cuBLASLt leave to do: its GELU is the tanh form, and it writes float32 where the next product reads bfloat16.

/*
 * y = act(product) + residual, product [rows, productStride] with its bias, residual like y, which it may be, or null. With narrow, y is null, and the result goes
 * there in bfloat16, with zeros from columns up to yStride. A warp takes a row, its lanes columns. Grid (ceil(rows / 4)), block 128.
 */
extern "C" __global__ void __launch_bounds__(ROW_THREADS) finishProduct(
        const float* __restrict__ product,
        int productStride,
        int isGelu,
        const float* residual,
        float* y,
        int yStride,
        Bf16* __restrict__ narrow,
        const int* rows,
        int columns) {
    int row = warpRow();
    if (row >= *rows) {
        return;
    }
    const float* values = product + (long long)row * productStride;
    long long at = (long long)row * yStride;
    forColumns(narrow == nullptr ? columns : yStride, [&](int column) {
        float value = column < columns ? values[column] : 0.0f;
        value = isGelu != 0 ? gelu(value) : value;
        value = residual == nullptr || column >= columns ? value : value + residual[at + column];
        if (narrow == nullptr) {
            y[at + column] = value;
        } else {
            narrow[at + column] = floatToBf16(value);
        }
    });
}
