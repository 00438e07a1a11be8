package io.tokenwise.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.tokenwise.Classification;
import io.tokenwise.ImageClassifier;
import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TextClassifier;
import io.tokenwise.TimedText;
import io.tokenwise.api.Budget;
import io.tokenwise.audio.Sound;
import io.tokenwise.image.ImageReader;
import io.tokenwise.references.RandomModel;
import io.tokenwise.testmodels.NoiseWav;
import io.tokenwise.testmodels.SmallMoonshine;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.ImageIO;
import org.apache.spark.TaskContext$;
import org.apache.spark.TaskContextImpl;
import org.apache.spark.TaskKilledException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Classes and transcripts in Spark beside the library's. */
class DoorsTest {
    private static final SparkSession SPARK = LocalSpark.session();

    private static Dataset<Row> rows(DataType type, Object... values) {
        var schema = new StructType().add("id", DataTypes.IntegerType).add("value", type);
        var rows = new java.util.ArrayList<Row>();
        for (Object value : values) {
            rows.add(RowFactory.create(rows.size(), value));
        }
        return SPARK.createDataFrame(rows, schema);
    }

    private static void assertIs(Classification expected, Row row) {
        assertThat(row.getString(0)).isEqualTo(expected.label());
        assertThat(row.getDouble(1)).isEqualTo(expected.probability());
        assertThat(row.<Double>getList(2))
                .isEqualTo(java.util.Arrays.stream(expected.probabilities())
                        .boxed()
                        .toList());
    }

    private static byte[] png(int color) throws IOException {
        var image = new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 30; i++) {
            image.setRGB(i, i, color);
        }
        var out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    @Test
    void imagesHaveTheLibrarysClassesAndBadOnesNone() throws Exception {
        byte[] gif = "GIF89a and more".getBytes(StandardCharsets.US_ASCII);
        Dataset<Row> images = rows(DataTypes.BinaryType, png(0xFF8800), gif, null, png(0x0088FF));
        ImageClasses classes = ImageClasses.of("vit-cifar10-acm").budget(0.5);
        List<Row> found =
                classes.nullIfBad().transform(images, "value", "class").collectAsList();
        classes.register(SPARK, "look");
        images.createOrReplaceTempView("images");
        Row ofFunction = SPARK.sql("select look(value, 0.5) from images where id = 3")
                .first()
                .getStruct(0);
        try (var classifier = ImageClassifier.open("vit-cifar10-acm")) {
            var last = classifier.classify(new ImageReader().read(png(0x0088FF), "png"), Budget.of(0.5));
            assertIs(last, found.get(3).getStruct(2));
            assertIs(last, ofFunction);
            assertIs(
                    classifier.classify(new ImageReader().read(png(0xFF8800), "png"), Budget.of(0.5)),
                    found.getFirst().getStruct(2));
        }
        assertThat(found).extracting(row -> row.isNullAt(2)).containsExactly(false, true, true, false);
        assertThatExceptionOfType(Exception.class)
                .isThrownBy(() -> classes.transform(images, "value", "class").collect())
                .withStackTraceContaining(
                        "value: is a GIF; images must be JPEG or PNG; nullIfBad() leaves such rows without a result");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> classes.transform(images, "id", "class"))
                .withMessage("classify: column id is of type integer, a binary is needed");
    }

    @Test
    void imagesOfAChunkAreFewWhereTheyAreLarge() {
        var door = new ImageClasses.Images();
        assertThat(Chunks.TOKENS / door.tokens(new byte[1000])).isEqualTo(20);
        assertThat(door.tokens(new byte[8 << 20])).isBetween(Chunks.TOKENS / 2, Chunks.TOKENS);
        assertThat(door.tokens(new byte[16 << 20])).isGreaterThan(Chunks.TOKENS);
    }

    @Test
    void aModelThatSparkHasBroughtTranscribes() throws Exception {
        // It stays as long as the JVM: Spark brings what was added once with other tests' jobs too.
        Path folder = Files.createTempDirectory(Path.of("target"), "brought");
        Path model = folder.resolve("small-moonshine");
        SmallMoonshine.write(model);
        byte[] wav = NoiseWav.bursts(2);
        SPARK.sparkContext().addFile(model.toString(), true);
        SPARK.sparkContext().addArchive(zip(model) + "#unpacked-moonshine");
        Dataset<Row> recordings = rows(DataTypes.BinaryType, wav, new byte[3]);
        List<Row> said = Transcripts.of("small-moonshine")
                .nullIfBad()
                .transform(recordings, "value", "said")
                .collectAsList();
        assertThat(Transcripts.of("unpacked-moonshine")
                        .nullIfBad()
                        .transform(recordings, "value", "said")
                        .collectAsList())
                .isEqualTo(said);
        List<TimedText> expected;
        try (var recognizer = SpeechRecognizer.open(model.toString())) {
            Path file = Files.write(folder.resolve("noise.wav"), wav);
            expected = recognizer.transcribe(file);
        }
        List<Row> segments = said.getFirst().getList(2);
        assertThat(segments).isNotEmpty().hasSameSizeAs(expected);
        for (int i = 0; i < segments.size(); i++) {
            TimedText segment = expected.get(i);
            assertThat(segments.get(i))
                    .isEqualTo(RowFactory.create(segment.startSeconds(), segment.endSeconds(), segment.text()));
        }
        assertThat(said.get(1).isNullAt(2)).isTrue();
    }

    private static Path zip(Path folder) throws IOException {
        Path archive = folder.resolveSibling("archive.zip");
        try (var zip = new ZipOutputStream(Files.newOutputStream(archive));
                Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                zip.putNextEntry(new ZipEntry(file.getFileName().toString()));
                Files.copy(file, zip);
            }
        }
        return archive;
    }

    @Test
    void aRecordingWhoseTaskIsKilledIsNotReadOn() {
        TaskContextImpl task = TaskContext$.MODULE$.empty();
        Sound sound = new Transcripts.Heard(Sound.of(16_000, new float[100]), task);
        assertThat(sound.rateHz()).isEqualTo(16_000);
        assertThatExceptionOfType(TaskKilledException.class).isThrownBy(() -> {
            assertThat(sound.read(new float[10], 0, 10)).isEqualTo(10);
            task.markInterrupted("another attempt succeeded");
            sound.read(new float[10], 0, 10);
        });
    }

    @Test
    void textsHaveTheLibrarysClasses(@TempDir Path folder) throws Exception {
        Map<String, Object> config = Map.of(
                "architectures",
                List.of("BertForSequenceClassification"),
                "vocab_size",
                97,
                "type_vocab_size",
                2,
                "id2label",
                Map.of("0", "bad", "1", "good", "2", "neither"));
        RandomModel.small("bert", config, 5)
                .with("classifiers", Map.of("num_labels", 3), 6)
                .write(folder, "bert.");
        Files.writeString(folder.resolve("tokenizer.json"), TOKENIZER);
        String[] texts = {"a", "a a a", "a a"};
        List<Row> found = TextClasses.of(folder.toString())
                .transform(rows(DataTypes.StringType, (Object[]) texts), "value", "class")
                .collectAsList();
        try (var classifier = TextClassifier.open(folder.toString())) {
            for (int i = 0; i < texts.length; i++) {
                assertIs(classifier.classify(texts[i]), found.get(i).getStruct(2));
            }
        }
    }

    /** Of a vocabulary with one word. */
    private static final String TOKENIZER = """
        {"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
         "pre_tokenizer":{"type":"BertPreTokenizer"},
         "post_processor":{"type":"TemplateProcessing",
          "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],
          "pair":[],
          "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]},"[SEP]":{"id":"[SEP]","ids":[3],"tokens":["[SEP]"]}}},
         "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
          "vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4}}}
        """;
}
