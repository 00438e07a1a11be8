package io.tokenwise.testmodels;

import io.tokenwise.io.CacheFolder;
import java.util.function.IntSupplier;

/** Runs commands as {@code ./tokenwise} does, which names a folder where each built-in model is unpacked once. For one thread. */
public final class KeptModels {
    private KeptModels() {}

    /**
     * {@return the command's exit code}
     *
     * @param command has {@code target/models} as that folder, unless the test has named one
     */
    public static int during(IntSupplier command) {
        if (CacheFolder.find().isPresent()) {
            return command.getAsInt();
        }
        System.setProperty(CacheFolder.PROPERTY, "target/models");
        try {
            return command.getAsInt();
        } finally {
            System.clearProperty(CacheFolder.PROPERTY);
        }
    }
}
