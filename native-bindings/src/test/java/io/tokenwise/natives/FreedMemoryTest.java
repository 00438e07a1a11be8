package io.tokenwise.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class FreedMemoryTest {
    private static final Path STATUS = Path.of("/proc/self/status");

    /** Blocks of a pool, below one that is still in use. */
    @Test
    void whatWasFreedGoesBackToTheSystem() throws IOException {
        assumeTrue(Files.exists(STATUS), "no " + STATUS + " on this system");
        assumeTrue(
                Linker.nativeLinker().defaultLookup().find("malloc_trim").isPresent(),
                "the C library has no malloc_trim");
        try (Arena stays = Arena.ofConfined()) {
            try (Arena freed = Arena.ofConfined()) {
                for (int i = 0; i < 2_000; i++) {
                    freed.allocate(60_000).fill((byte) 1);
                }
                stays.allocate(60_000);
            }
            long before = residentKilobytes();
            FreedMemory.giveBack();
            assertThat(before - residentKilobytes()).isGreaterThan(80_000);
        }
    }

    private static long residentKilobytes() throws IOException {
        try (var lines = Files.lines(STATUS)) {
            String line = lines.filter(l -> l.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
    }
}
