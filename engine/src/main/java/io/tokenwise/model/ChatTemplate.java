package io.tokenwise.model;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** What a conversation is written into, in Jinja. Nobody runs it here: it is looked at for the words of a {@link Question}. */
public final class ChatTemplate {
    static final String FILE = "chat_template.jinja";

    private ChatTemplate() {}

    /** {@return that of a folder: in a file of its own, or as before in tokenizer_config.json; empty if there is none, or several} */
    public static String of(ModelFolder folder) throws IOException {
        if (folder.has(FILE)) {
            return new String(folder.json(FILE), StandardCharsets.UTF_8);
        }
        return folder.has(TokenizerFile.CONFIG)
                ? folder.read(TokenizerFile.CONFIG).root().path("chat_template").asString("")
                : "";
    }
}
