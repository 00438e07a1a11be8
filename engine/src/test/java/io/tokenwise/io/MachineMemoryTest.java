package io.tokenwise.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineMemoryTest {
    @TempDir
    Path root;

    private void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    @Test
    void theLeastLimitCounts() throws IOException {
        assertThat(MachineMemory.limitBytes(root)).isEmpty();
        write("proc/meminfo", "MemTotal:       24567890 kB\nMemFree:  1 kB\n");
        assertThat(MachineMemory.limitBytes(root)).hasValue(24567890L * 1024);
        write("sys/fs/cgroup/memory.max", "max\n");
        assertThat(MachineMemory.limitBytes(root)).hasValue(24567890L * 1024);
        write("sys/fs/cgroup/memory.max", "134217728\n");
        assertThat(MachineMemory.limitBytes(root)).hasValue(134217728);
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assertThat(MachineMemory.limitBytes(root)).hasValue(134217728);
    }
}
