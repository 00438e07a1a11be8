package io.tokenwise.recipes.trino;

import io.airlift.slice.Slice;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.trino.spi.Plugin;
import io.trino.spi.block.Block;
import io.trino.spi.block.IntArrayBlock;
import io.trino.spi.function.Description;
import io.trino.spi.function.ScalarFunction;
import io.trino.spi.function.SqlNullable;
import io.trino.spi.function.SqlType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.Set;

/** {@code embed(text, budget)} in Trino's SQL: an {@code array(real)}. Trino calls it row by row. */
public final class EmbedPlugin implements Plugin {
    @Override
    public Set<Class<?>> getFunctions() {
        return Set.of(Functions.class);
    }

    /** Trino makes functions of static methods: the model is the class's, of which a plugin has one. */
    public static final class Functions {
        private static final TextEncoder ENCODER = open();

        private Functions() {}

        private static TextEncoder open() {
            try {
                return TextEncoder.open("minilm-acm", EngineOptions.defaults().withThreads(1));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @ScalarFunction("embed")
        @Description("A text's vector at a budget of 0 to 1; null is the full one")
        @SqlType("array(real)")
        public static Block embed(@SqlType("varchar") Slice text, @SqlNullable @SqlType("double") Double share) {
            float[] vector = ENCODER.embed(text.toStringUtf8(), share == null ? Budget.FULL : Budget.of(share))
                    .vector();
            var bits = new int[vector.length];
            for (int i = 0; i < bits.length; i++) {
                bits[i] = Float.floatToRawIntBits(vector[i]);
            }
            return new IntArrayBlock(bits.length, Optional.empty(), bits);
        }
    }
}
