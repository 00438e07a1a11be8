package io.tokenwise.server;

import io.tokenwise.fuzz.Form;
import io.tokenwise.fuzz.Forms;
import io.tokenwise.fuzz.Input;
import io.tokenwise.fuzz.Target;
import io.tokenwise.fuzz.Workplace;
import io.tokenwise.tokenizer.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.eclipse.jetty.http.MultiPartFormData;
import org.eclipse.jetty.io.Content;
import tools.jackson.databind.JsonNode;

/** Bodies of requests. */
public final class ServerTargets {
    private static final int MOST_TEXTS = 50;

    private static final Tokenizer TOKENIZER =
            Tokenizer.open("tokenizer.json", """
                {"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
                 "pre_tokenizer":{"type":"BertPreTokenizer"},
                 "post_processor":{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]},
                 "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
                  "vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4,"b":5,"##a":6}}}
                """.getBytes(StandardCharsets.UTF_8), 32);

    private static final int MOST_FORM_BYTES = 1 << 20;

    public static final List<Target> ALL = List.of(
            body("http-json", "body.json", (input, _) -> texts(new Fields(Json.object(input.bytes()))), Forms.JSON),
            body(
                            "http-endpoints",
                            "asked.json",
                            (input, _) -> ServedEndpoints.STARTED.answer(Json.object(input.bytes())),
                            Forms.JSON)
                    .elsewhere(),
            body("http-form", "body.http", ServerTargets::form, Forms.LINES),
            new Target(
                            "http",
                            "request.http",
                            (input, _) -> ListeningServer.STARTED.answer(input.bytes()),
                            _ -> false,
                            List.of(Forms.LINES))
                    .elsewhere());

    private ServerTargets() {}

    private static Target body(String name, String file, Target.Reader reader, Form form) {
        return new Target(name, file, reader, ServerTargets::isAnswer, List.of(form));
    }

    /** What a client is told; a status from 500 on says that the server is broken. */
    private static boolean isAnswer(Throwable thrown) {
        return thrown instanceof ApiError error && error.status() < 500;
    }

    /** The fields of all requests of texts, in both APIs. */
    static void texts(Fields fields) {
        fields.text("model");
        fields.any("budget").ifPresent(node -> AskedBudget.of("budget", node));
        fields.word("encoding_format", List.of("float", "base64"));
        fields.whole("dimensions");
        boolean truncate = fields.flag("truncate").orElse(true);
        boolean left = fields.word("truncation_direction", List.of("left", "right"))
                .orElse("right")
                .equals("left");
        if (fields.any("input").isPresent()) {
            TextInputs.read("input", fields.needed("input"), "a ", TOKENIZER, MOST_TEXTS)
                    .tokens();
        }
        // What is no array is refused by the route before it asks for ids.
        fields.any("ids").filter(JsonNode::isArray).ifPresent(ids -> TeiInputs.ids("ids", ids, TOKENIZER));
        TeiInputs.read(fields.needed("inputs"), TeiInputs::name, TOKENIZER, "", new TeiInputs.Cut(truncate, left));
    }

    /** A form with a recording. */
    private static void form(Input input, Workplace place) throws InterruptedException {
        var parts = new CompletableFuture<MultiPartFormData.Parts>();
        FormReading.read(
                Content.Source.from(ByteBuffer.wrap(input.bytes())),
                "multipart/form-data; boundary=b",
                MOST_FORM_BYTES,
                parts);
        try (MultiPartFormData.Parts read = parts.get()) {
            form(read);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ApiError error) {
                throw error;
            }
            throw new IllegalStateException(e);
        }
    }

    static void form(MultiPartFormData.Parts parts) {
        TranscriptionForm asked = TranscriptionForm.of(parts);
        asked.fields().any("budget").ifPresent(node -> AskedBudget.of("budget", node));
        asked.file().getLength();
    }
}
