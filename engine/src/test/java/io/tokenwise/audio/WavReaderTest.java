package io.tokenwise.audio;

import static io.tokenwise.audio.WavBytes.FLOAT;
import static io.tokenwise.audio.WavBytes.PCM;
import static io.tokenwise.audio.WavBytes.ascii;
import static io.tokenwise.audio.WavBytes.chunk;
import static io.tokenwise.audio.WavBytes.fields;
import static io.tokenwise.audio.WavBytes.file;
import static io.tokenwise.audio.WavBytes.format;
import static io.tokenwise.audio.WavBytes.join;
import static io.tokenwise.audio.WavBytes.little;
import static io.tokenwise.audio.WavBytes.mono16;
import static io.tokenwise.audio.WavBytes.open;
import static io.tokenwise.audio.WavBytes.readAll;
import static io.tokenwise.audio.WavBytes.shorts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tokenwise.api.BadFileException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class WavReaderTest {
    private static final byte[] FORMAT = format(PCM, 1, 16_000, 16);
    private static final byte[] SAMPLES = shorts(16_384, -32_768, 0);
    private static final float[] VALUES = {.5f, -1, 0};

    private static byte[] floats(float... values) {
        byte[][] bytes = new byte[values.length][];
        Arrays.setAll(bytes, i -> little(4, Float.floatToIntBits(values[i])));
        return join(bytes);
    }

    private static byte[] extensible(String guid) {
        byte[] more =
                join(little(2, 22), little(2, 16), little(4, 4), HexFormat.of().parseHex(guid));
        return chunk("fmt ", join(fields(0xFFFE, 1, 16_000, 2, 16), more));
    }

    static Stream<Arguments> codings() {
        return Stream.of(
                arguments(format(PCM, 1, 8_000, 8), new byte[] {(byte) 192, 0, (byte) 128}),
                arguments(FORMAT, SAMPLES),
                arguments(format(PCM, 1, 44_100, 24), join(little(3, 1 << 22), little(3, -1 << 23), little(3, 0))),
                arguments(format(PCM, 1, 48_000, 32), join(little(4, 1 << 30), little(4, -1L << 31), little(4, 0))),
                arguments(format(FLOAT, 1, 192_000, 32), floats(.5f, -1, 0)),
                arguments(extensible("0100000000001000800000aa00389b71"), SAMPLES),
                arguments(format(PCM, 2, 16_000, 16), shorts(32_767, 1, -32_768, -32_768, 5, -5)),
                arguments(format(FLOAT, 2, 16_000, 32), floats(.25f, .75f, -2, -2, 1, -1)));
    }

    @ParameterizedTest
    @MethodSource("codings")
    void allCodingsGiveTheSameSamples(byte[] format, byte[] samples) {
        WavReader wav = open(file(format, chunk("data", samples)));
        assertThat(readAll(wav)).containsExactly(VALUES);
        assertThat(wav.cutShort()).isEmpty();
    }

    @Test
    void theHeaderIsTold() {
        WavReader wav = open(file(format(PCM, 2, 44_100, 16), chunk("data", new byte[0])));
        assertThat(wav.rateHz()).isEqualTo(44_100);
        assertThat(wav.channels()).isEqualTo(2);
    }

    /** What is said of a file that lacks nothing. */
    private static final String WHOLE = "";

    static Stream<Arguments> readable() {
        byte[] list = chunk("LIST", ascii("INFO"));
        byte[] odd = chunk("note", ascii("odd"));
        byte[] data = chunk("data", SAMPLES);
        return Stream.of(
                arguments("chunks before and after", WHOLE, file(list, FORMAT, list, data, list)),
                arguments("an odd chunk with its pad", WHOLE, file(odd, FORMAT, odd, data)),
                arguments("an odd chunk without", WHOLE, file(FORMAT, chunk("note", 3, ascii("odd")), data)),
                arguments("a longer fmt chunk", WHOLE, file(chunk("fmt ", longer(100)), data)),
                arguments("an odd fmt chunk", WHOLE, file(chunk("fmt ", longer(1)), data)),
                arguments("an odd longer fmt chunk", WHOLE, file(chunk("fmt ", longer(31)), data)),
                arguments("a length never filled in", WHOLE, file(FORMAT, chunk("data", 0xFFFF_FFFFL, SAMPLES))),
                arguments("0 never filled in", WHOLE, unfilled(36)),
                arguments("neither is the file's", WHOLE, unfilled(0)),
                arguments("0, and all ones for the file's", WHOLE, unfilled(0xFFFF_FFFFL)),
                arguments("sox in a pipe", WHOLE, file(FORMAT, chunk("data", 0x7FFF_F000L, SAMPLES))),
                arguments("arecord in a pipe", WHOLE, file(FORMAT, chunk("data", 0x8000_0000L, SAMPLES))),
                arguments(
                        "longer than the file",
                        "a.wav: lacks 499997 of the samples that its header says (31.25 s); what is there is used",
                        file(FORMAT, chunk("data", 1_000_000, SAMPLES))),
                arguments(
                        "ends within a frame",
                        "a.wav: lacks 1 of the samples that its header says (0.00 s); what is there is used",
                        file(FORMAT, chunk("data", 8, join(SAMPLES, new byte[1])))),
                arguments(
                        "a length of 3.5 frames",
                        "a.wav: ends within a sample; what is there is used",
                        file(FORMAT, chunk("data", 7, join(SAMPLES, new byte[2])))),
                arguments("the file's length lies", WHOLE, join(ascii("RIFF"), little(4, 1), WAVE, FORMAT, data)));
    }

    private static final byte[] WAVE = ascii("WAVE");

    private static byte[] longer(int more) {
        return join(fields(PCM, 1, 16_000, 2, 16), new byte[more]);
    }

    private static byte[] unfilled(long riffBytes) {
        return join(ascii("RIFF"), little(4, riffBytes), WAVE, FORMAT, chunk("data", 0, SAMPLES));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("readable")
    void whatCanBeReadIsRead(String what, String cutShort, byte[] file) {
        WavReader wav = open(file);
        assertThat(readAll(wav)).containsExactly(VALUES);
        assertThat(wav.cutShort().orElse(WHOLE)).isEqualTo(cutShort);
    }

    @Test
    void noSamplesAreNoMistake() {
        WavReader wav = open(mono16(16_000));
        assertThat(readAll(wav)).isEmpty();
        assertThat(wav.cutShort()).isEmpty();
        assertThat(readAll(open(file(FORMAT, chunk("data", new byte[0]), chunk("LIST", ascii("INFO"))))))
                .isEmpty();
    }

    static Stream<Arguments> refused() {
        byte[] data = chunk("data", SAMPLES);
        return Stream.of(
                arguments("is empty; a WAV file is needed", new byte[0]),
                arguments("is not a WAV file: it begins with 'OggS', needed is RIFF", ascii("OggS.............")),
                arguments("is not a WAV file: it begins with 'ID', needed is RIFF", ascii("ID")),
                arguments("is not a WAV file: it begins with 'RIFX', needed is RIFF", ascii("RIFX____WAVE")),
                arguments("ends after 6 bytes, within its header", ascii("RIFF__")),
                arguments(
                        "is not a WAV file but a RIFF file of the kind 'AVI ', needed is WAVE",
                        join(ascii("RIFF"), little(4, 4), ascii("AVI "))),
                arguments("has no data chunk, where its samples would be", file(FORMAT)),
                arguments("has no data chunk, where its samples would be", file(FORMAT, ascii("da"))),
                arguments(
                        "has no fmt chunk before its data chunk, so its samples' format is unknown",
                        file(data, FORMAT)),
                arguments("has two fmt chunks; one is right", file(FORMAT, FORMAT, data)),
                arguments(
                        "its fmt chunk has 14 bytes; at least 16 are needed", file(chunk("fmt ", new byte[14]), data)),
                arguments("ends within its fmt chunk, after 23 bytes", Arrays.copyOf(file(FORMAT), 23)),
                arguments(
                        "ends within its chunk 'LIST', which claims 1000 bytes",
                        file(FORMAT, chunk("LIST", 1_000, new byte[9]))),
                arguments(
                        "its chunk 'LIST' claims 4294967295 bytes; before the samples at most 67108864 are read",
                        file(FORMAT, chunk("LIST", 0xFFFF_FFFFL, new byte[9]), data)),
                arguments(
                        "its block align is 3 bytes; 1 x 16 bits are 2",
                        file(chunk("fmt ", fields(PCM, 1, 16_000, 3, 16)), data)),
                arguments("has 0 channels; supported: 1 or 2", file(format(PCM, 0, 16_000, 16), data)),
                arguments("has 6 channels; supported: 1 or 2", file(format(PCM, 6, 16_000, 16), data)),
                arguments(
                        "has 4000 samples a second; supported: 8000 to 192000", file(format(PCM, 1, 4_000, 16), data)),
                arguments(
                        "has 4294967295 samples a second; supported: 8000 to 192000",
                        file(format(PCM, 1, 0xFFFF_FFFFL, 16), data)),
                arguments(
                        "its extensible fmt chunk has 16 bytes; 40 are needed",
                        file(format(0xFFFE, 1, 16_000, 16), data)),
                arguments(
                        "its samples are in a format of its own; supported: " + SUPPORTED,
                        file(extensible("0100000000001000800000aa00389b72"), data)));
    }

    private static final String SUPPORTED = "PCM of 8, 16, 24 or 32 bits, or float of 32 bits";

    @ParameterizedTest(name = "{0}")
    @MethodSource("refused")
    void whatIsNotReadIsToldInALine(String fact, byte[] file) {
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(BadFileException.class)
                .hasMessage("a.wav: " + fact);
    }

    static Stream<Arguments> formats() {
        return Stream.of(
                arguments("PCM of 12 bits", format(PCM, 2, 16_000, 12)),
                arguments("float of 64 bits", format(FLOAT, 1, 16_000, 64)),
                arguments("Microsoft ADPCM", format(2, 1, 16_000, 8)),
                arguments("A-law", format(6, 1, 8_000, 8)),
                arguments("mu-law", format(7, 1, 8_000, 8)),
                arguments("mu-law", extensible("0700000000001000800000aa00389b71")),
                arguments("IMA ADPCM", format(0x11, 1, 16_000, 8)),
                arguments("GSM 6.10", format(0x31, 1, 8_000, 0)),
                arguments("MP3", format(0x55, 2, 44_100, 0)),
                arguments("in the format 0x1234", format(0x1234, 2, 44_100, 16)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("formats")
    void otherFormatsAreNamed(String name, byte[] format) {
        assertThatThrownBy(() -> open(file(format, chunk("data", SAMPLES))))
                .isInstanceOf(BadFileException.class)
                .hasMessage("a.wav: its samples are " + name + "; supported: " + SUPPORTED);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void floatsThatAreNoNumbersAreRefused(float wrong) {
        WavReader wav = open(file(format(FLOAT, 1, 16_000, 32), chunk("data", floats(0, 3, wrong))));
        assertThatThrownBy(() -> readAll(wav))
                .isInstanceOf(BadFileException.class)
                .hasMessage("a.wav: its sample 2 is not a finite number");
    }

    /** Nothing but a BadFileException comes out, whatever goes in. */
    @Property
    void bytesThatWereChangedDoNoHarm(
            @ForAll @Size(max = 8) byte[] bytes,
            @ForAll @IntRange(max = 60) int at,
            @ForAll @IntRange(max = 70) int size) {
        byte[] file = Arrays.copyOf(file(chunk("LIST", ascii("INF")), FORMAT, chunk("data", SAMPLES)), size);
        System.arraycopy(bytes, 0, file, Math.min(at, size), Math.max(0, Math.min(bytes.length, size - at)));
        try {
            assertThat(readAll(open(file))).hasSizeLessThan(100);
        } catch (BadFileException e) {
            assertThat(e).hasMessageStartingWith("a.wav: ");
        }
    }

    /** A stream of 75 minutes, 96 kHz, float, stereo: 3.5 GB, more than the heap of tests holds. */
    @Test
    void longFilesTakeNoMemory() throws IOException {
        byte[] header = file(format(FLOAT, 2, 96_000, 32), chunk("data", 0xFFFF_FFFFL, new byte[0]));
        long frames = 75L * 60 * 96_000;
        try (var wav = WavReader.open("long.wav", new Zeros(header, frames * 8))) {
            float[] block = new float[10_000];
            long count = 0;
            for (int read = wav.read(block, 0, block.length); read > 0; read = wav.read(block, 0, block.length)) {
                count += read;
            }
            assertThat(count).isEqualTo(frames);
        }
    }

    private static final class Zeros extends InputStream {
        private final InputStream head;
        private long left;

        Zeros(byte[] head, long bytes) {
            this.head = new ByteArrayInputStream(head);
            left = bytes;
        }

        @Override
        public int read() {
            throw new UnsupportedOperationException("byte by byte is slow");
        }

        @Override
        public int read(byte[] into, int offset, int count) throws IOException {
            int read = head.read(into, offset, count);
            if (read > 0 || left == 0) {
                return read;
            }
            int zeros = (int) Math.min(left, Math.min(count, 5_000));
            Arrays.fill(into, offset, offset + zeros, (byte) 0);
            left -= zeros;
            return zeros;
        }
    }

    @Test
    void filesAreOpenedByTheirPath(@TempDir Path folder) throws IOException {
        Path file = Files.write(folder.resolve("b.wav"), mono16(8_000, 16_384, -32_768, 0));
        try (WavReader wav = WavReader.open(file)) {
            assertThat(readAll(wav)).containsExactly(VALUES);
        }
        assertThatThrownBy(() -> WavReader.open(folder)).hasMessage(folder + ": is a directory, a WAV file is needed");
        assertThatThrownBy(() -> WavReader.open(folder.resolve("c.wav"))).hasMessageEndingWith("c.wav: no such file");
    }

    @Test
    void aStreamIsClosedWithTheReaderAndAlsoIfItIsRefused() throws IOException {
        var closed = new AtomicBoolean();
        WavReader.open("a.wav", noting(closed, mono16(8_000, 1))).close();
        assertThat(closed).isTrue();
        closed.set(false);
        assertThatThrownBy(() -> WavReader.open("a.wav", noting(closed, new byte[9])));
        assertThat(closed).isTrue();
    }

    private static InputStream noting(AtomicBoolean closed, byte[] file) {
        return new ByteArrayInputStream(file) {
            @Override
            public void close() {
                closed.set(true);
            }
        };
    }
}
