package io.tokenwise.fuzz;

import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;

/** Loads all of the class path anew, with {@linkplain Coverage probes} in our own classes but the fuzzer's. */
final class CoveringLoader extends URLClassLoader {
    private static final String OURS = "io.tokenwise.";
    private static final String FUZZER = "io.tokenwise.fuzz.";

    private final Coverage coverage;

    CoveringLoader(Coverage coverage) {
        super(classPath(), ClassLoader.getPlatformClassLoader());
        this.coverage = coverage;
    }

    private static URL[] classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(":"))
                .map(entry -> {
                    try {
                        return Path.of(entry).toUri().toURL();
                    } catch (MalformedURLException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .toArray(URL[]::new);
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        if (name.startsWith(Feedback.class.getName())) {
            return Class.forName(name, true, CoveringLoader.class.getClassLoader());
        }
        if (!name.startsWith(OURS) || name.startsWith(FUZZER)) {
            return super.findClass(name);
        }
        try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            byte[] bytes = coverage.instrument(name, in.readAllBytes());
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }
}
