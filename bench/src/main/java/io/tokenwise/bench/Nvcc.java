package io.tokenwise.bench;

import io.tokenwise.backend.cuda.CompiledAhead;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The compiler of NVIDIA's toolkit that is on the path. */
final class Nvcc implements CompiledAhead.Compiler {
    private Nvcc() {}

    /** {@return it, if it is on the path} */
    static Optional<CompiledAhead.Compiler> find() {
        try {
            CudaFolder.run(List.of("nvcc", "--version"));
        } catch (IOException e) {
            return Optional.empty();
        }
        return Optional.of(new Nvcc());
    }

    @Override
    public byte[] compile(String name, String architecture, String source) throws IOException {
        try (var work = TemporaryFolder.create("tokenwise-nvcc-")) {
            Path file = work.path().resolve(name + ".cu");
            Path cubin = work.path().resolve(name + ".cubin");
            Files.writeString(file, source);
            CudaFolder.run(List.of(
                    "nvcc", "-cubin", "-std=c++17", "-arch=" + architecture, "-o", cubin.toString(), file.toString()));
            return Files.readAllBytes(cubin);
        }
    }
}
