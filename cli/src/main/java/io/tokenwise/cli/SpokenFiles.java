package io.tokenwise.cli;

import io.tokenwise.api.BadFileException;
import io.tokenwise.audio.WavReader;
import io.tokenwise.io.LineFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Recordings and what is said in them, from a file of rows {@code audio,transcript}.
 *
 * @param files each with its transcript
 */
record SpokenFiles(List<Spoken> files) {
    private static final List<String> FIELDS = List.of("audio", "transcript");

    /** A recording and what is said in it. */
    record Spoken(Path audio, String transcript) {}

    SpokenFiles {
        files = List.copyOf(files);
    }

    /**
     * Reads such a file, whose audio files are relative to it.
     *
     * @throws BadFileException if it is no such file, names a recording that is not there or is none, or nothing is said in all of them
     */
    static SpokenFiles read(Path table) throws IOException {
        var files = new ArrayList<Spoken>();
        FieldFile.read(table, FIELDS, row -> {
            Path audio = table.resolveSibling(row.text("audio"));
            if (!Files.isRegularFile(audio)) {
                throw LineFile.bad(table, row.line(), "no such file: " + audio);
            }
            files.add(new Spoken(audio, row.text("transcript")));
        });
        if (files.stream().allMatch(file -> SpokenWords.of(file.transcript()).isEmpty())) {
            throw new BadFileException(
                    table.toString(), "has no transcript with a word; rows of audio,transcript are needed");
        }
        for (Spoken file : files) {
            // A broken one is told now, not after an hour.
            WavReader.open(file.audio()).close();
        }
        return new SpokenFiles(files);
    }
}
