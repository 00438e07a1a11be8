package io.tokenwise.natives.loading;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Loads a native library for good, after it was judged: the generated bindings look symbols up in what this class loader has loaded, so
 * a process has one of each.
 */
public final class SharedLibrary {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemoryLayout DL_INFO = MemoryLayout.structLayout(ADDRESS, ADDRESS, ADDRESS, ADDRESS);

    private SharedLibrary() {}

    /** Says whether a library that can be loaded serves. */
    @FunctionalInterface
    public interface Judge {
        void judge(SymbolLookup library) throws UnfitLibraryException;
    }

    /** Loads a file. It is looked into through {@code arena}: a confined one unloads what does not serve, the global one never does. */
    public static void load(Path file, Arena arena, Judge judge) throws UnfitLibraryException {
        if (!file.isAbsolute()) {
            throw new UnfitLibraryException("the path must be absolute");
        }
        if (!Files.isRegularFile(file)) {
            throw new UnfitLibraryException("there is no such file");
        }
        try {
            SymbolLookup library;
            try {
                library = SymbolLookup.libraryLookup(file, arena);
            } catch (IllegalArgumentException e) {
                throw new UnfitLibraryException(whyNotLoadable(file));
            }
            judge.judge(library);
            System.load(file.toString());
        } catch (UnsatisfiedLinkError e) {
            throw new UnfitLibraryException(oneLine(file, e));
        }
    }

    /** Loads what the system's dynamic linker finds by that name, and returns the file; {@code symbol} must be in it. */
    public static Path loadFromSystem(String name, String symbol, Arena arena, Judge judge)
            throws UnfitLibraryException {
        SymbolLookup library;
        try {
            library = SymbolLookup.libraryLookup(name, arena);
        } catch (IllegalArgumentException e) {
            throw new UnfitLibraryException("the dynamic linker finds no " + name);
        }
        MemorySegment address =
                library.find(symbol).orElseThrow(() -> new UnfitLibraryException(name + " has no symbol " + symbol));
        // The bindings look into what System.load loaded, and that wants a path.
        Path file = Path.of(fileOf(address));
        load(file, arena, judge);
        return file;
    }

    /** The file that an address was loaded from, by dladdr. */
    public static String fileOf(MemorySegment address) {
        MethodHandle dladdr = LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow("dladdr"), FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(DL_INFO);
            if ((int) dladdr.invokeExact(address, info) == 0) {
                return "an unknown file";
            }
            return info.get(ADDRESS, 0).reinterpret(Integer.MAX_VALUE).getString(0);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Refuses a library that lacks one of the symbols. */
    public static void require(SymbolLookup library, List<String> symbols) throws UnfitLibraryException {
        for (String name : symbols) {
            if (library.find(name).isEmpty()) {
                throw new UnfitLibraryException("it has no symbol " + name);
            }
        }
    }

    /** The functions that a generated class binds: for each there is a method that gives its descriptor. */
    public static List<String> boundFunctions(Class<?> generated) {
        return Arrays.stream(generated.getDeclaredMethods())
                .filter(method ->
                        Modifier.isPublic(method.getModifiers()) && method.getReturnType() == FunctionDescriptor.class)
                .map(method -> method.getName().substring(0, method.getName().length() - "$descriptor".length()))
                .sorted()
                .toList();
    }

    /** SymbolLookup tells no reason; System.load does, and fails in the same way. */
    private static String whyNotLoadable(Path file) {
        try {
            System.load(file.toString());
            return "it could not be loaded";
        } catch (UnsatisfiedLinkError e) {
            return oneLine(file, e);
        }
    }

    /** The JVM and the dynamic linker each put the path in front; the caller names it already. */
    private static String oneLine(Path file, Throwable e) {
        return e.getMessage().replace(file + ": ", "").replace('\n', ' ');
    }
}
