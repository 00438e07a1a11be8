package io.tokenwise.io;

import java.io.IOException;
import java.net.URL;
import java.net.URLConnection;
import java.util.Optional;

/** A file on the class path. */
record Resource(URL url) {
    /** Looks where the thread's context class loader does, then where this library's does. */
    static Optional<Resource> find(String name) {
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        URL url = context == null ? null : context.getResource(name);
        if (url == null) {
            url = Resource.class.getClassLoader().getResource(name);
        }
        return Optional.ofNullable(url).map(Resource::new);
    }

    URLConnection open() throws IOException {
        URLConnection connection = url.openConnection();
        // With its cache on, the JVM would keep the jar open for good.
        connection.setUseCaches(false);
        return connection;
    }
}
