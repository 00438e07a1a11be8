// What products leave to do: those by cuBLASLt, whose GELU is the tanh form and which write float32 where the next product reads bfloat16, and the first ones of
// gated MLPs.

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

/*
 * What lies between the two products of an MLP, for those units that a row uses: units = act(sums), or, if it is gated, u * act(g), where the sums of a slice of
 * units are those of its u and, behind them, those of its g. sums [rows, sumStride], units [rows, unitStride]; the slices are those of the second product's
 * inputs. A warp takes a row, its lanes units. Grid (ceil(rows / 4), 1, jobs), block 128.
 */
extern "C" __global__ void __launch_bounds__(ROW_THREADS) activateUnits(
        const float* __restrict__ sums,
        int sumStride,
        const int* rows,
        float* __restrict__ units,
        int unitStride,
        int activation,
        int gated,
        LEFT_PARAMETERS(0),
        LEFT_PARAMETERS(1)) {
    const Product p = {LEFT_PRODUCT};
    int entry = warpRow();
    if (entry >= p.rowsOf(0)) {
        return;
    }
    long long row = p.order == nullptr ? entry : p.order[entry];
    int slices = p.inputStarts == nullptr ? 1 : p.slicesOf(entry);
    for (int slice = 0; slice < slices; slice++) {
        int first = p.inputStarts == nullptr ? 0 : p.inputStarts[slice];
        int width = p.inputStarts == nullptr ? OF_JOB(inputs) : p.inputStarts[slice + 1] - first;
        const float* values = sums + row * sumStride + (gated != 0 ? 2 * first : first);
        float* target = units + row * unitStride + first;
        forColumns(width, [&](int column) {
            target[column] = gated != 0 ? values[column] * activated(activation, values[width + column])
                                        : activated(activation, values[column]);
        });
    }
}
