package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.BadFileException;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** A model's folder with flipped bits or a file cut off: it is opened, or refused in a line, nothing else. */
public final class DamagedFolder {
    /** How often by default; 10,000 with {@code -Dtokenwise.damaged=10000}, which takes minutes for each model. */
    private static final int TIMES = Integer.getInteger("tokenwise.damaged", 200);

    private DamagedFolder() {}

    /** @param names of the files that are damaged in turn, and then whole again */
    public static void assertOpenedOrRefused(Path folder, List<String> names, Backend backend) throws IOException {
        var random = new SplittableRandom(17);
        for (int i = 0; i < TIMES; i++) {
            Path file = folder.resolve(names.get(i % names.size()));
            byte[] whole = Files.readAllBytes(file);
            overwrite(file, damaged(whole, random));
            try (ModelFiles files = Models.open(folder);
                    Encoder encoder = Encoder.load(files, backend)) {
                assertThat(encoder.parameterCount()).isPositive();
            } catch (BadFileException | IllegalStateException e) {
                assertThat(e).message().hasLineCount(1);
            }
            overwrite(file, whole);
        }
    }

    /** In place: file systems take longer to cut a file to nothing first. */
    private static void overwrite(Path file, byte[] bytes) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(bytes));
            channel.truncate(bytes.length);
        }
    }

    /** In the first 4,000 bytes, where what is read first lies. */
    private static byte[] damaged(byte[] whole, SplittableRandom random) {
        if (random.nextInt(4) == 0) {
            return Arrays.copyOf(whole, random.nextInt(whole.length));
        }
        byte[] damaged = whole.clone();
        for (int flips = 1 + random.nextInt(2); flips > 0; flips--) {
            damaged[random.nextInt(Math.min(4_000, damaged.length))] ^= (byte) (1 << random.nextInt(8));
        }
        return damaged;
    }
}
