package io.tokenwise.model.open;

import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** A file on the class path, or in a jar beside it. */
record Resource(URL url) {
    /** Looks where the thread's context class loader does, then where this library's does. */
    static Optional<Resource> find(String name) {
        return find(name, name);
    }

    /** Looks where a file is found that belongs to the wanted one, which may be absent there. */
    static Optional<Resource> find(String name, String beside) {
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        boolean there = context != null && context.getResource(beside) != null;
        ClassLoader loader = there ? context : Resource.class.getClassLoader();
        return Optional.ofNullable(loader.getResource(name)).map(Resource::new);
    }

    /** A file in a jar that is not on the class path; a {@link ZipException} says that the jar does not hold it. */
    static Resource inJar(Path jar, String name) throws IOException {
        try (var files = new ZipFile(jar.toFile())) {
            if (files.getEntry(name) == null) {
                throw new ZipException("it holds no " + name);
            }
        }
        return new Resource(URI.create("jar:" + jar.toUri() + "!/" + name).toURL());
    }

    URLConnection open() throws IOException {
        URLConnection connection = url.openConnection();
        // With its cache on, the JVM would keep the jar open for good.
        connection.setUseCaches(false);
        return connection;
    }
}
