package io.tokenwise.natives.cuda;

import io.tokenwise.natives.loading.JarLibrary;
import io.tokenwise.natives.loading.SharedLibrary;
import io.tokenwise.natives.loading.UnfitLibraryException;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * A library of the CUDA toolkit, and where it is looked for: in the file that its property names, and nowhere else then; else in a jar on the
 * class path; else where the system's dynamic linker looks; else in the folders of the property {@value #FOLDERS}, or, without that, in the
 * toolkit's usual one. It is loaded once for this class loader.
 *
 * @param title what it is called in errors
 * @param property names a file
 * @param jar null if no jar brings it
 * @param jarTitle the jar's coordinates
 * @param names of the library, the newest first
 * @param symbol one that it must have
 * @param judge says whether it serves
 * @param companion loads what belongs to a library that was just loaded from a file
 */
record ToolkitLibrary(
        String title,
        String property,
        JarLibrary.Content jar,
        String jarTitle,
        List<String> names,
        String symbol,
        SharedLibrary.Judge judge,
        Companion companion) {
    static final String FOLDERS = "tokenwise.cuda.path";

    private static final String USUAL_FOLDER = "/usr/local/cuda/lib64";

    /** Loads what belongs to a library. */
    @FunctionalInterface
    interface Companion {
        void load(Path library) throws UnfitLibraryException;
    }

    /** Loads the library, unless it is, and returns where it came from. */
    String load() throws CudaUnavailableException {
        // Two libraries at once must not both find that nothing is loaded.
        synchronized (ToolkitLibrary.class) {
            String asked = System.getProperty(property);
            Path file = asked == null ? null : Path.of(asked);
            Optional<MemorySegment> loaded = SymbolLookup.loaderLookup().find(symbol);
            if (loaded.isPresent()) {
                return alreadyLoaded(SharedLibrary.fileOf(loaded.get()), file);
            }
            if (file == null) {
                return search();
            }
            try {
                return loadFile(file);
            } catch (UnfitLibraryException e) {
                throw new CudaUnavailableException(title + " is not available: " + file + ": " + e.getMessage());
            }
        }
    }

    private String search() throws CudaUnavailableException {
        var tried = new StringJoiner("; ");
        if (jar != null) {
            try {
                return loadFromJar();
            } catch (UnfitLibraryException e) {
                tried.add(jarTitle + ": " + e.getMessage());
            }
        }
        for (String name : names) {
            try {
                return loadFromSystem(name);
            } catch (UnfitLibraryException e) {
                tried.add("system: " + e.getMessage());
            }
        }
        for (Path file : candidates()) {
            try {
                return loadFile(file);
            } catch (UnfitLibraryException e) {
                tried.add(file + ": " + e.getMessage());
            }
        }
        tried.add("folders: no " + String.join(" or ", names) + " that serves in " + folders());
        throw new CudaUnavailableException(title + " is not available: " + tried + "; install it, or set -D" + property
                + "=FILE or -D" + FOLDERS + "=FOLDERS");
    }

    private String alreadyLoaded(String location, Path requested) throws CudaUnavailableException {
        try {
            if (requested == null || Files.isSameFile(requested, Path.of(location))) {
                return location;
            }
        } catch (IOException e) {
            // One of the two is no file any more, so they differ.
        }
        throw new CudaUnavailableException(title + " is not available: " + requested
                + " cannot be loaded, because this process already uses " + location + "; only one can be");
    }

    private String loadFile(Path file) throws UnfitLibraryException {
        // What was opened once stays, since these libraries leave threads and exit handlers.
        SharedLibrary.load(file, Arena.global(), judge);
        companion.load(file);
        return file.toString();
    }

    private String loadFromJar() throws UnfitLibraryException {
        if (!jar.isThere()) {
            throw new UnfitLibraryException("not on the class path");
        }
        try (JarLibrary library = JarLibrary.unpack(jar)) {
            return loadFile(library.file());
        } catch (IOException e) {
            throw new UnfitLibraryException("unpacking it failed: " + e);
        }
    }

    private String loadFromSystem(String name) throws UnfitLibraryException {
        Path file = SharedLibrary.loadFromSystem(name, symbol, Arena.global(), judge);
        companion.load(file);
        return file.toString();
    }

    private List<Path> candidates() {
        var files = new ArrayList<Path>();
        for (String folder : folders()) {
            for (String name : names) {
                Path file = Path.of(folder).toAbsolutePath().resolve(name);
                if (Files.isRegularFile(file)) {
                    files.add(file);
                }
            }
        }
        return files;
    }

    private static List<String> folders() {
        return List.of(System.getProperty(FOLDERS, USUAL_FOLDER).split(File.pathSeparator));
    }
}
