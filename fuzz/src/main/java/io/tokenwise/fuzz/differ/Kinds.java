package io.tokenwise.fuzz.differ;

import java.nio.file.Path;
import java.util.List;

/** All kinds. */
final class Kinds {
    private final List<Kind> all;

    /** @param peers the folder of the scripts */
    Kinds(Path peers) {
        all = List.of(
                new Kind(
                        "safetensors",
                        ".safetensors",
                        TensorFiles::make,
                        TensorLines::read,
                        () -> Peer.python(
                                peers.resolve("safetensors_peer.py"),
                                "Python's safetensors and numpy: apt-get install python3-safetensors python3-numpy"),
                        Answer::difference),
                new Kind(
                        "tokenizers",
                        ".json",
                        TokenizerFiles::make,
                        TokenLines::read,
                        () -> Peer.java(TokenizersPeer.class),
                        Answer::difference),
                new Kind("png", ".png", PngFiles::make, Pixels::read, () -> pillow(peers), Answer::difference),
                new Kind("jpeg", ".jpg", JpegFiles::make, Pixels::read, () -> pillow(peers), Answer::difference),
                new Kind("wav", ".wav", WavFiles::any, Samples::read, () -> sox(peers), Samples::difference),
                new Kind(
                        "wav-16khz",
                        ".wav",
                        WavFiles::smooth,
                        Samples::read16kHz,
                        () -> sox(peers, "resample"),
                        Samples::difference16kHz));
    }

    private static Peer sox(Path peers, String... how) {
        return Peer.python(
                peers.resolve("sox_peer.py"), "SoX's library and numpy: apt-get install sox python3-numpy", how);
    }

    private static Peer pillow(Path peers) {
        return Peer.python(
                peers.resolve("pillow_peer.py"), "Pillow and numpy: apt-get install python3-pil python3-numpy");
    }

    List<Kind> all() {
        return all;
    }
}
