package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.backend.cuda.CompiledAhead;
import java.io.IOException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NvccTest {
    @Test
    void compilesToACubin() throws IOException {
        Optional<CompiledAhead.Compiler> found = Nvcc.find();
        assumeTrue(found.isPresent(), "there is no nvcc here");
        CompiledAhead.Compiler nvcc = found.orElseThrow();
        byte[] cubin = nvcc.compile(
                "one", CudaFolder.ARCHITECTURE, "extern \"C\" __global__ void one(float* out) { *out = 1; }");
        assertThat(cubin).startsWith(0x7f, 'E', 'L', 'F');
        assertThatIOException()
                .isThrownBy(() -> nvcc.compile("wrong", CudaFolder.ARCHITECTURE, "no C"))
                .withMessageContaining("nvcc")
                .withMessageContaining("wrong.cu");
    }
}
