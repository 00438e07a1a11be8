package io.tokenwise.cli;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;

/** What is typed at a terminal. Before the first of it is waited for, it says so: who did not know would take the command for hung. */
final class TypedInput extends FilterInputStream {
    private final String notice;
    private final PrintWriter err;
    private boolean told;

    TypedInput(InputStream in, String notice, PrintWriter err) {
        super(in);
        this.notice = notice;
        this.err = err;
    }

    @Override
    public int read() throws IOException {
        tell();
        return super.read();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        tell();
        return super.read(bytes, offset, length);
    }

    private void tell() {
        if (!told) {
            told = true;
            err.println(notice);
        }
    }
}
