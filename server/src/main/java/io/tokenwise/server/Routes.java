package io.tokenwise.server;

import java.util.ArrayList;
import java.util.List;

/** Which route answers which method and path. Filled before the server starts; afterwards thread-safe. */
final class Routes {
    private final List<Entry> entries = new ArrayList<>();

    /**
     * @param path ends in {@code *} if more may follow, at least one character
     * @param open whether it answers without a token, where the server wants one
     */
    record Entry(String method, String path, ErrorForm errors, Route route, boolean open) {
        /** What stands in the place of the {@code *}, empty without one; null if the path is another. */
        String rest(String asked) {
            if (!path.endsWith("*")) {
                return path.equals(asked) ? "" : null;
            }
            String before = path.substring(0, path.length() - 1);
            return asked.startsWith(before) && asked.length() > before.length()
                    ? asked.substring(before.length())
                    : null;
        }
    }

    Routes add(String method, String path, ErrorForm errors, Route route) {
        entries.add(new Entry(method, path, errors, route, false));
        return this;
    }

    /** Adds one that needs no token. */
    Routes addOpen(String method, String path, ErrorForm errors, Route route) {
        entries.add(new Entry(method, path, errors, route, true));
        return this;
    }

    /** All entries of a path, one for each method. */
    List<Entry> of(String path) {
        return entries.stream().filter(entry -> entry.rest(path) != null).toList();
    }
}
