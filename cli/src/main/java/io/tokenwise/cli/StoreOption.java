package io.tokenwise.cli;

import io.tokenwise.io.StoredType;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** How a model that a command makes is stored. */
final class StoreOption {
    @Option(
            names = "--store",
            paramLabel = "TYPE",
            defaultValue = "f32",
            converter = StoredTypeConverter.class,
            description =
                    "Type of the matrices in the model's file: f32, or s8, a quarter of the size, which only Tokenwise runs"
                            + " (default: ${DEFAULT-VALUE}).")
    private StoredType stored;

    /** Reads the name of a stored type. */
    static final class StoredTypeConverter implements ITypeConverter<StoredType> {
        @Override
        public StoredType convert(String text) {
            return CommonOptions.constant(StoredType.values(), StoredType::label, text, "f32 or s8");
        }
    }

    StoredType type() {
        return stored;
    }
}
