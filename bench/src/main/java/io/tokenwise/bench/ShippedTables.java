package io.tokenwise.bench;

import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.backend.Backend;
import io.tokenwise.cost.CostTableFile;
import io.tokenwise.cost.CostTables;
import io.tokenwise.cost.Sizes;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes the cost tables that come with the build: those of this machine and, in processes of their own whose instructions are capped, those of smaller
 * ones. No table has a figure that was not measured.
 */
final class ShippedTables {
    /** all-MiniLM-L6-v2, and BERT-base, which ViT-B equals. */
    private static final List<Sizes> SIZES =
            List.of(new Sizes(384, 1536, 12, 6), new Sizes(768, 3072, 12, 12), StayGate.SIZES);

    /** A processor with no more than these instructions, and what it runs that is not the same with fewer. */
    private record Cap(String instructions, List<String> flags, List<String> engines) {}

    private static final List<Cap> CAPS = List.of(
            new Cap("AVX2", List.of("-XX:UseAVX=2"), List.of("vector-f32", "onednn-f32", "onednn-s8")),
            new Cap("AVX512_CORE", List.of(), List.of("vector-f32", "onednn-f32")),
            new Cap("AVX512_CORE_VNNI", List.of(), List.of("onednn-s8")),
            new Cap("AVX512_CORE_BF16", List.of(), List.of("onednn-bf16", "onednn-s8")));

    private ShippedTables() {}

    /** Writes a file for each into a folder. */
    static void write(Path folder, PrintWriter err) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        for (Cap cap : CAPS) {
            err.printf("measures with %s%n", cap.instructions);
            var command = new ArrayList<String>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
            command.addAll(cap.flags);
            command.addAll(List.of("-Dtokenwise.cache=", "-Dtokenwise.onednn.isa=" + cap.instructions));
            command.addAll(List.of("-cp", System.getProperty("java.class.path"), ShippedTables.class.getName()));
            command.addAll(List.of(folder.toString(), cap.instructions));
            command.addAll(cap.engines);
            int code = new ProcessBuilder(command).inheritIO().start().waitFor();
            if (code != 0) {
                throw new IOException("the process that measures with " + cap.instructions + " failed");
            }
        }
    }

    /** What a process runs: folder, instructions, engines. */
    public static void main(String[] args) throws IOException {
        for (String engine : Arrays.asList(args).subList(2, args.length)) {
            try (Backend backend = OwnEngine.named(engine).open(1)) {
                boolean capped = backend.instructions().startsWith("vector-")
                        || backend.instructions().equals(args[1]);
                if (!capped) {
                    throw new IllegalArgumentException(
                            engine + ": this machine has " + backend.instructions() + " and no " + args[1]);
                }
                Path file = Path.of(args[0], CostTables.name(backend) + ".json");
                CostTableFile.write(file, CostTables.measure(backend, SIZES).table());
                System.err.println("wrote " + file);
            }
        }
    }
}
