package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The stub of a driver, built by the machine's g++, and what it is told to answer. In this process there is one. */
final class StubDriver {
    private static StubDriver loaded;

    private final SymbolLookup library;

    private StubDriver(Path file) {
        this.library = SymbolLookup.libraryLookup(file, Arena.global());
    }

    /** Builds the stub of the driver into a folder; a test that needs it is skipped where there is no g++. */
    static Path build(Path folder, String... flags) throws IOException, InterruptedException {
        return buildSource(folder, "stub_driver.cpp", "libcuda.so.1", flags);
    }

    /** Builds a stub from one of the test's sources. */
    static Path buildSource(Path folder, String sourceName, String libraryName, String... flags)
            throws IOException, InterruptedException {
        Path source = folder.resolve(sourceName);
        try (InputStream in = StubDriver.class.getResourceAsStream(sourceName)) {
            Files.write(source, in.readAllBytes());
        }
        Path library = folder.resolve(libraryName);
        var command = new ArrayList<>(List.of("g++", "-std=c++17", "-shared", "-fPIC", "-Wall", "-Werror"));
        command.addAll(List.of(flags));
        command.addAll(List.of("-o", library.toString(), source.toString()));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes());
            if (process.waitFor() != 0) {
                throw new AssertionError(output);
            }
        } catch (IOException e) {
            abort("there is no g++: " + e.getMessage());
        }
        return library;
    }

    /** This process's stub, as the driver that {@link Cuda#open} takes, with its answers as at first. */
    static synchronized StubDriver use() throws IOException, InterruptedException {
        if (loaded == null) {
            Path folder = Files.createTempDirectory("tokenwise-stub-");
            Path file = build(folder);
            System.setProperty(DriverLibrary.PROPERTY, file.toString());
            loaded = new StubDriver(file);
            Files.walk(folder).forEach(path -> path.toFile().deleteOnExit());
        }
        return loaded;
    }

    void answer(String call, int code) {
        try (Arena arena = Arena.ofConfined()) {
            handle("stubAnswer", FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT)).invoke(arena.allocateFrom(call), code);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    long calls(String call) {
        try (Arena arena = Arena.ofConfined()) {
            return (long) handle("stubCalls", FunctionDescriptor.of(JAVA_LONG, ADDRESS))
                    .invoke(arena.allocateFrom(call));
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** How many objects and allocations were made and not destroyed. */
    long live() {
        try {
            return (long) handle("stubLive", FunctionDescriptor.of(JAVA_LONG)).invoke();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Of the last launch: four arguments, then the grid, the threads and the shared memory; 14 the last attribute set, 15 the last mode. */
    long argument(int index) {
        try {
            return (long) handle("stubArgument", FunctionDescriptor.of(JAVA_LONG, JAVA_INT))
                    .invoke(index);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Lets synchronisations wait, or go on. */
    void block(boolean yes) {
        try {
            handle("stubBlock", FunctionDescriptor.ofVoid(JAVA_INT)).invoke(yes ? 1 : 0);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** How many threads wait in a synchronisation. */
    int waiting() {
        try {
            return (int) handle("stubWaiting", FunctionDescriptor.of(JAVA_INT)).invoke();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private MethodHandle handle(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), descriptor);
    }
}
