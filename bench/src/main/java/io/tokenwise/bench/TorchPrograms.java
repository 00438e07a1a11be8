package io.tokenwise.bench;

import io.tokenwise.references.TorchScript;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** What libtorch runs beside us, as resources. */
final class TorchPrograms {
    private TorchPrograms() {}

    /** Compiles {@code torchscript/NAME.py} from the class path. */
    static TorchScript of(String name) throws IOException {
        String resource = "/torchscript/" + name + ".py";
        try (InputStream in = TorchPrograms.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IOException(resource + " is not on the class path");
            }
            return new TorchScript(resource, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }
}
