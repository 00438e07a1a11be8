package io.tokenwise.spark;

import io.tokenwise.Engine;
import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.WavReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * What is said in a binary column of WAV files, as {@link SpeechRecognizer} hears it. The new column is an {@code array<struct<start: double, end: double, text: string>>} with an element for each segment,
 * times in seconds; {@code concat_ws(' ', said.text)} is the text alone. Budgets are shares of the dense model's multiply-adds.
 */
public final class Transcripts extends ModelColumn<Transcripts> {
    private Transcripts(Settings settings, Column shares) {
        super(settings, shares);
    }

    /**
     * {@return transcripts at full budget}
     *
     * @param model as {@link Embeddings#of} takes it
     */
    public static Transcripts of(String model) {
        return new Transcripts(Settings.of(model, Budget.Unit.FLOPS), null);
    }

    @Override
    Recordings door() {
        return new Recordings();
    }

    @Override
    Transcripts with(Settings newSettings, Column newShares) {
        return new Transcripts(newSettings, newShares);
    }

    record Recordings() implements Door<byte[], SpeechRecognizer> {
        private static final StructType SEGMENT = new StructType()
                .add("start", DataTypes.DoubleType, false)
                .add("end", DataTypes.DoubleType, false)
                .add("text", DataTypes.StringType, false);

        @Override
        public String verb() {
            return "transcribe";
        }

        @Override
        public String inputs() {
            return "recordings";
        }

        @Override
        public InputKind<byte[]> input() {
            return InputKind.FILE;
        }

        @Override
        public DataType output() {
            return DataTypes.createArrayType(SEGMENT, false);
        }

        @Override
        public boolean tellsSpending() {
            return false;
        }

        @Override
        public SpeechRecognizer open(Engine engine, String model) throws IOException {
            return engine.speechRecognizer(model);
        }

        /** Each is a chunk: it may be an hour. */
        @Override
        public int tokens(byte[] recording) {
            return Chunks.TOKENS;
        }

        @Override
        public List<Answer> answer(
                SpeechRecognizer recognizer, List<byte[]> recordings, List<Budget> budgets, String column)
                throws IOException {
            var answers = new ArrayList<Answer>();
            for (int i = 0; i < recordings.size(); i++) {
                answers.add(answer(recognizer, recordings.get(i), budgets.get(i), column));
            }
            return answers;
        }

        private static Answer answer(SpeechRecognizer recognizer, byte[] recording, Budget budget, String column)
                throws IOException {
            var segments = new ArrayList<Row>();
            try (WavReader wav = WavReader.open(column, new ByteArrayInputStream(recording))) {
                recognizer.transcribe(
                        new Heard(wav, TaskContext.get()),
                        budget,
                        Deadline.NONE,
                        segment -> segments.add(row(segment)));
            } catch (BadFileException e) {
                return Answer.bad(e);
            }
            return Answer.of(segments.toArray(Row[]::new));
        }

        private static Row row(TimedText segment) {
            return RowFactory.create(segment.startSeconds(), segment.endSeconds(), segment.text());
        }
    }

    /** A sound that fails when its task is killed. */
    record Heard(Sound sound, TaskContext task) implements Sound {
        @Override
        public int rateHz() {
            return sound.rateHz();
        }

        @Override
        public int read(float[] into, int offset, int count) throws IOException {
            Chunks.endIfKilled(task);
            return sound.read(into, offset, count);
        }
    }
}
