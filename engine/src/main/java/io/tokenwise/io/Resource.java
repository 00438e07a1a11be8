package io.tokenwise.io;

import java.io.IOException;
import java.net.URL;
import java.net.URLConnection;
import java.util.Optional;

/** A file on the class path. */
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

    URLConnection open() throws IOException {
        URLConnection connection = url.openConnection();
        // With its cache on, the JVM would keep the jar open for good.
        connection.setUseCaches(false);
        return connection;
    }
}
