package io.tokenwise.fuzz.differ;

import java.nio.file.Path;
import java.util.List;

/** All kinds. */
final class Kinds {
    private final List<Kind> all;

    /** @param peers the folder of the scripts */
    Kinds(Path peers) {
        all = List.of(new Kind(
                "safetensors",
                ".safetensors",
                TensorFiles::make,
                TensorLines::read,
                () -> PythonPeer.start(
                        peers.resolve("safetensors_peer.py"),
                        "Python's safetensors and numpy; apt-get install python3-safetensors python3-numpy"),
                Answer::difference));
    }

    List<Kind> all() {
        return all;
    }
}
