package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Texts from a stream, UTF-8, one a line; lines end with LF or CRLF. A byte order mark before the first one does not count. Not for several threads. */
public final class TextLines {
    private static final int BUFFER_BYTES = 1 << 16;

    private final InputStream in;
    private final String file;
    private final int mostBytes;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int end;
    private long line;

    /** Why there is nothing more. */
    private IOException failure;

    /** The stream should not be read by others from now on. */
    public TextLines(InputStream in) {
        this(in, null, Integer.MAX_VALUE);
    }

    /**
     * @param file what messages call the stream; null if it has no name
     * @param mostBytes longer lines are refused
     */
    TextLines(InputStream in, String file, int mostBytes) {
        this.in = in;
        this.file = file;
        this.mostBytes = mostBytes;
    }

    /**
     * Waits for a line, then takes those that are already there too, so that a pipe is served in batches and a person line by
     * line.
     *
     * @return at most {@code most} texts, those before a line that fails; none at the end of the stream
     * @throws IOException if the next line is not UTF-8 or too long; the message says which
     */
    public List<String> next(int most) throws IOException {
        if (failure != null) {
            throw failure;
        }
        List<String> texts = new ArrayList<>();
        try {
            while (texts.size() < most && (texts.isEmpty() || position < end || in.available() > 0)) {
                String text = line();
                if (text == null) {
                    break;
                }
                texts.add(text);
            }
        } catch (IOException e) {
            failure = e;
            if (texts.isEmpty()) {
                throw e;
            }
        }
        return texts;
    }

    private String line() throws IOException {
        var bytes = new ByteArrayOutputStream();
        while (position < end || fill()) {
            int start = position;
            while (position < end && buffer[position] != '\n') {
                position++;
            }
            if (bytes.size() > mostBytes - (position - start)) {
                throw bad(line + 1, "is longer than " + mostBytes + " bytes", null);
            }
            bytes.write(buffer, start, position - start);
            if (position < end) {
                position++;
                return decode(bytes.toByteArray());
            }
        }
        return bytes.size() == 0 ? null : decode(bytes.toByteArray());
    }

    private boolean fill() throws IOException {
        position = 0;
        end = Math.max(in.read(buffer), 0);
        return end > 0;
    }

    private String decode(byte[] bytes) throws IOException {
        line++;
        int length = bytes.length > 0 && bytes[bytes.length - 1] == '\r' ? bytes.length - 1 : bytes.length;
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, 0, length))
                    .toString();
            return line == 1 ? LineFile.withoutMark(text) : text;
        } catch (CharacterCodingException e) {
            throw bad(line, "is not valid UTF-8; convert the text, for example by iconv -f WINDOWS-1252 -t UTF-8", e);
        }
    }

    /** Thrown where a stream has no name, else returned: what is wrong with a file is a {@link BadFileException}. */
    private BadFileException bad(long number, String fact, IOException cause) throws IOException {
        if (file == null) {
            throw new IOException("line " + number + " of the input " + fact, cause);
        }
        return new BadFileException(file + ":" + number, fact, cause);
    }
}
