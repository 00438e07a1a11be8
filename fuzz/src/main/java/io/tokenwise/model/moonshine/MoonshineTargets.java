package io.tokenwise.model.moonshine;

import io.tokenwise.fuzz.Forms;
import io.tokenwise.fuzz.Target;
import io.tokenwise.io.IoTargets;
import java.util.List;

/** A Moonshine's two ONNX files. */
public final class MoonshineTargets {
    public static final List<Target> ALL = List.of(Target.folder(
            "moonshine-onnx",
            (input, place) -> IoTargets.readAll(MoonshineOnnx.open(place.folder(input))),
            Forms.ONNX));

    private MoonshineTargets() {}
}
