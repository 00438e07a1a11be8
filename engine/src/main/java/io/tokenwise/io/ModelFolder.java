package io.tokenwise.io;

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

    /** The weights, which must be there. */
    Safetensors weights() throws IOException;
}
