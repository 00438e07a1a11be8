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
        write("proc/self/cgroup", "4:cpu,memory:/\n3:cpuset:/\n0::/\n");
        write("sys/fs/cgroup/memory.max", "max\n");
        assertThat(MachineMemory.limitBytes(root)).hasValue(24567890L * 1024);
        write("sys/fs/cgroup/memory.max", "134217728\n");
        assertThat(MachineMemory.limitBytes(root)).hasValue(134217728);
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assertThat(MachineMemory.limitBytes(root)).hasValue(134217728);
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000\n");
        assertThat(MachineMemory.limitBytes(root)).hasValue(1000000);
    }

    /** As systemd sets them, and containers that see the host's groups. */
    @Test
    void limitsOfInnerGroupsCount() throws IOException {
        write("proc/meminfo", "MemTotal:       24567890 kB\n");
        write("proc/self/cgroup", "0::/system.slice/embedder.service\n");
        write("sys/fs/cgroup/system.slice/embedder.service/memory.max", "max\n");
        write("sys/fs/cgroup/system.slice/memory.max", "200000000\n");
        assertThat(MachineMemory.limitBytes(root)).hasValue(200000000);
        write("sys/fs/cgroup/system.slice/embedder.service/memory.max", "100000000\n");
        assertThat(MachineMemory.limitBytes(root)).hasValue(100000000);
        write("proc/self/cgroup", "5:cpu:/a\n4:memory:/docker/0123\nnonsense\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "150000000\n");
        assertThat(MachineMemory.limitBytes(root)).hasValue(150000000);
        write("sys/fs/cgroup/memory/docker/0123/memory.limit_in_bytes", "120000000\n");
        assertThat(MachineMemory.limitBytes(root)).hasValue(120000000);
    }
}
