package io.tokenwise.server;

import io.tokenwise.fuzz.Form;
import io.tokenwise.fuzz.Forms;
import io.tokenwise.fuzz.Input;
import io.tokenwise.fuzz.Target;
import io.tokenwise.fuzz.Workplace;
import io.tokenwise.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Bodies of requests. */
public final class ServerTargets {
    private static final int MOST_TEXTS = 50;

    private static final Tokenizer TOKENIZER = Tokenizer.open("tokenizer.json", """
            {"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
             "pre_tokenizer":{"type":"BertPreTokenizer"},
             "post_processor":{"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]},
             "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
              "vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4,"b":5,"##a":6}}}
            """.getBytes(StandardCharsets.UTF_8), 32);

    public static final List<Target> ALL = List.of(json("http-json", ServerTargets::texts, Forms.JSON));

    private ServerTargets() {}

    private static Target json(String name, Target.Reader reader, Form form) {
        return new Target(name, "body.json", reader, ServerTargets::isAnswer, List.of(form));
    }

    /** What a client is told; a status from 500 on says that the server is broken. */
    private static boolean isAnswer(Throwable thrown) {
        return thrown instanceof ApiError error && error.status() < 500;
    }

    /** The fields of all requests of texts, in both APIs. */
    private static void texts(Input input, Workplace place) {
        var fields = new Fields(Json.object(input.bytes()));
        fields.text("model");
        fields.any("budget").map(node -> AskedBudget.of("budget", node));
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
        if (fields.any("ids").isPresent()) {
            TeiInputs.ids("ids", fields.needed("ids"), TOKENIZER);
        }
        TeiInputs.read(fields.needed("inputs"), TOKENIZER, "", new TeiInputs.Cut(truncate, left));
    }
}
