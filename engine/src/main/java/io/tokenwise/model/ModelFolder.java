package io.tokenwise.model;

import io.tokenwise.io.JsonFile;
import io.tokenwise.io.Safetensors;
import java.io.IOException;

/** The files of a model in Hugging Face's layout, by their names in its folder. */
public interface ModelFolder {
    String WEIGHTS = "model.safetensors";

    /** What users call the model. */
    String name();

    /** What messages call a file. */
    String file(String name);

    boolean has(String name);

    /** A file that must be there, as far as JSON is read. */
    byte[] json(String name) throws IOException;

    /** A JSON object that must be there. */
    default JsonFile read(String name) throws IOException {
        return JsonFile.parse(file(name), json(name));
    }

    /** The weights, which must be there. */
    Safetensors weights() throws IOException;
}
