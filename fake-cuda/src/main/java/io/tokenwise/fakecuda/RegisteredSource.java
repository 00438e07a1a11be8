package io.tokenwise.fakecuda;

import java.io.IOException;
import java.util.StringJoiner;
import java.util.regex.Pattern;

/** The C++ that a kernel source becomes: its text in a namespace of its own, and a line for each kernel in the library's registry. */
final class RegisteredSource {
    private static final String BOUNDS = "(?:__launch_bounds__\\s*\\(((?:[^()]|\\([^()]*\\))*)\\)\\s*)?";
    private static final Pattern KERNEL =
            Pattern.compile("extern\\s*\"C\"\\s*__global__\\s+" + BOUNDS + "void\\s+" + BOUNDS + "(\\w+)\\s*\\(");

    private RegisteredSource() {}

    /** Kernels are looked for in the text after the preprocessor, for macros may make them. */
    static String of(KernelSource source, String preprocessed) throws IOException {
        var kernels = new StringJoiner(",\n    ");
        for (var found = KERNEL.matcher(preprocessed); found.find(); ) {
            var bounds = found.group(1) != null ? found.group(1) : found.group(2);
            kernels.add("TOKENWISE_KERNEL(" + found.group(3) + (bounds == null ? ")" : ", " + bounds + ")"));
        }
        if (kernels.length() == 0) {
            throw new IOException(source.name() + ": no kernel: extern \"C\" __global__ void name(...)");
        }
        var hash = Long.toHexString(Hashes.fnv(source.text()));
        return """
                #include "kernels.h"
                namespace tokenwiseSource%s {
                thread_local unsigned char (*tokenwiseDynamicShared)[];
                #line 1 "%s"
                %s
                #line 1 "registry of %s"
                static unsigned char (**tokenwiseDynamicPointer())[] { return &tokenwiseDynamicShared; }
                static const auto& tokenwiseThis = *new ::tokenwise::Source{"%s", 0x%sull, tokenwiseDynamicPointer, {
                    %s}};
                static const ::tokenwise::Registration tokenwiseRegistration(tokenwiseThis);
                }
                """.formatted(hash, source.name(), source.text(), source.name(), source.name(), hash, kernels);
    }
}
