package io.tokenwise.autograd;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;

/** The gradient rule of every operation: given dy, adds to the gradients of the operation's inputs and parameters. */
record GradientTable(Tape tape, Gradients gradients, Stream stream, Workspace workspace) {

    void apply(Op op, Tensor dy) {
        switch (op) {
            case Op.Linear linear -> linear(linear, dy);
            case Op.Gelu(var x, var y) -> {
                Tensor dx = like(x);
                stream.geluBackward(x, dy, dx);
                gradients.add(x, dx);
            }
            case Op.Add(var a, var b, var y) -> add(a, b, dy);
            case Op.LayerNorm norm -> layerNorm(norm, dy);
            case Op.Attention(var qkv, var offsets, var sequences, var heads, var probabilities, var y) -> {
                Tensor dQkv = like(qkv);
                stream.attentionBackward(qkv, offsets, sequences, heads, probabilities, dy, dQkv);
                gradients.add(qkv, dQkv);
            }
            case Op.Softmax(var x, var y) -> {
                Tensor dx = like(x);
                stream.softmaxBackward(y, dy, dx);
                gradients.add(x, dx);
            }
            case Op.EmbeddingSum(var ids, var offsets, var sequences, var words, var positions, var types, var y) ->
                stream.embeddingSumBackward(
                        ids,
                        offsets,
                        sequences,
                        dy,
                        gradientOf(words),
                        gradientOf(positions),
                        types == null ? null : gradients.of(types));
            case Op.WithFirst(var x, var first, var positions, var y) -> {
                Tensor dx = tape.tracks(x) ? like(x) : null;
                stream.withFirstBackward(dy, dx, gradientOf(first), gradientOf(positions));
                if (dx != null) {
                    gradients.add(x, dx);
                }
            }
            case Op.Rotate(var y, var offsets, var sequences, var positions, var heads) ->
                // In place like the operation: from here on dy is the gradient of what y was before.
                stream.rotate(dy, offsets, sequences, 0, positions.inverse(), heads);
            case Op.GatedSilu(var x, var units, var y) -> {
                Tensor dx = like(x);
                stream.gatedSiluBackward(x, units, dy, dx);
                gradients.add(x, dx);
            }
            case Op.Attend attend -> attend(attend, dy);
            case Op.LinearTransposed(var x, var weight, var y) -> {
                if (tape.tracks(x)) {
                    Tensor dx = like(x);
                    stream.linear(dy, weight.prepare(stream), null, false, null, dx);
                    gradients.add(x, dx);
                }
                if (weight.parameter().trainable()) {
                    stream.weightGradient(dy, x, workspace, gradients.of(weight.parameter()));
                }
            }
            case Op.TakeRows(var x, var rows, var y) -> {
                Tensor dx = like(x);
                stream.takeRowsBackward(dy, rows, dx);
                gradients.add(x, dx);
            }
            case Op.MeanPool(var x, var offsets, var sequences, var y) -> {
                Tensor dx = like(x);
                stream.meanPoolBackward(dy, offsets, sequences, dx);
                gradients.add(x, dx);
            }
            case Op.FirstPool(var x, var offsets, var sequences, var y) -> {
                Tensor dx = like(x);
                stream.firstPoolBackward(dy, offsets, sequences, dx);
                gradients.add(x, dx);
            }
            case Op.L2Normalize(var x, var norms, var y) -> {
                Tensor dx = like(x);
                stream.l2NormalizeBackward(y, norms, dy, dx);
                gradients.add(x, dx);
            }
            case Op.ScaleBlocks(var x, var scale, var y) -> {
                Tensor dx = like(x);
                Tensor dScale = like(scale);
                stream.scaleBlocksBackward(x, scale, dy, dx, dScale);
                addIfTracked(x, dx);
                addIfTracked(scale, dScale);
            }
            case Op.ScaleUnits(var x, var scale, var places, var y) -> {
                Tensor dx = like(x);
                Tensor dScale = like(scale);
                stream.scaleUnitsBackward(x, scale, places, dy, dx, dScale);
                addIfTracked(x, dx);
                addIfTracked(scale, dScale);
            }
            case Op.Choose(var logits, var soft, var temperature, var y) -> {
                Tensor dLogits = like(logits);
                stream.chooseBackward(soft, temperature, dy, dLogits);
                gradients.add(logits, dLogits);
            }
        }
    }

    private void linear(Op.Linear op, Tensor dy) {
        Parameter weight = op.weight().parameter();
        if (tape.tracks(op.x())) {
            Tensor dx = like(op.x());
            stream.linear(dy, op.weight().prepareTransposed(stream), null, false, null, dx);
            gradients.add(op.x(), dx);
        }
        if (weight.trainable()) {
            stream.weightGradient(op.x(), dy, workspace, gradients.of(weight));
        }
        if (op.bias() != null && op.bias().trainable()) {
            stream.addColumnSums(dy, gradients.of(op.bias()));
        }
    }

    /** dy is no longer needed for y, so one of the inputs may take it over. */
    private void add(Tensor a, Tensor b, Tensor dy) {
        boolean both = tape.tracks(a) && tape.tracks(b);
        if (tape.tracks(a)) {
            if (both) {
                gradients.addShared(a, dy);
            } else {
                gradients.add(a, dy);
            }
        }
        if (tape.tracks(b)) {
            gradients.add(b, dy);
        }
    }

    private void attend(Op.Attend op, Tensor dy) {
        Tensor dQueries = like(op.queries());
        Tensor dKeysValues = op.keysValues() == op.queries() ? dQueries : like(op.keysValues());
        stream.attendBackward(op.queries(), op.keysValues(), op.rows(), op.probabilities(), dy, dQueries, dKeysValues);
        addIfTracked(op.queries(), dQueries);
        if (dKeysValues != dQueries) {
            addIfTracked(op.keysValues(), dKeysValues);
        }
    }

    private void layerNorm(Op.LayerNorm op, Tensor dy) {
        if (op.gamma().trainable() || op.beta().trainable()) {
            stream.layerNormParameterGradient(
                    op.x(), op.statistics(), dy, gradientOf(op.gamma()), gradientOf(op.beta()));
        }
        if (tape.tracks(op.x())) {
            Tensor dx = like(op.x());
            stream.layerNormBackward(op.x(), op.gamma().value(), op.statistics(), dy, dx);
            gradients.add(op.x(), dx);
        }
    }

    /** Where an operation adds a parameter's gradient: memory that nobody reads if only its other parameters are trained. */
    private Tensor gradientOf(Parameter parameter) {
        return parameter.trainable() ? gradients.of(parameter) : like(parameter.value());
    }

    private void addIfTracked(Tensor tensor, Tensor gradient) {
        if (tape.tracks(tensor)) {
            gradients.add(tensor, gradient);
        }
    }

    private Tensor like(Tensor tensor) {
        return workspace.tensor(tensor.rows(), tensor.columns());
    }
}
