package io.tokenwise.bench;

import java.io.IOException;
import java.nio.file.Path;

final class Picture {
    static void write(Results results, Path file) throws IOException {
        throw new IOException("to do");
    }
}
