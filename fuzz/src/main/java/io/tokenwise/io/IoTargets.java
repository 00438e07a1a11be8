package io.tokenwise.io;

import io.tokenwise.fuzz.Forms;
import io.tokenwise.fuzz.Target;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Files of tensors. */
public final class IoTargets {
    public static final List<Target> ALL = List.of(
            Target.file(
                    "safetensors",
                    "model.safetensors",
                    (input, place) -> readAll(Safetensors.open(place.file(input))),
                    Forms.SAFETENSORS),
            Target.folder(
                    "sharded",
                    (input, place) -> readAll(ShardedWeights.open(place.folder(input), ShardedWeights.SAFETENSORS)),
                    Forms.SAFETENSORS,
                    Forms.JSON),
            Target.file(
                    "pytorch",
                    PyTorchFile.NAME,
                    (input, place) -> readAll(PyTorchFile.open(place.file(input))),
                    Forms.PYTORCH),
            Target.file(
                    "onnx", "model.onnx", (input, place) -> readAll(OnnxWeights.open(place.file(input))), Forms.ONNX),
            Target.folder(
                    "tensorflow",
                    (input, place) -> readAll(TensorFlowBundle.open(place.folder(input))),
                    BundleForm.INDEX));

    private IoTargets() {}

    /** All tensors, as a model loads them. */
    public static void readAll(WeightSource weights) {
        try (weights) {
            for (String name : weights.names()) {
                long elements = 1;
                for (long side : weights.shape(name)) {
                    elements = Math.multiplyExact(elements, side);
                }
                try (Arena arena = Arena.ofConfined()) {
                    MemorySegment floats = arena.allocate(Math.multiplyExact(elements, Float.BYTES), Float.BYTES);
                    weights.read(name, floats);
                }
            }
        }
    }
}
