package io.tokenwise.search;

import io.tokenwise.fuzz.Forms;
import io.tokenwise.fuzz.Input;
import io.tokenwise.fuzz.Target;
import io.tokenwise.fuzz.Workplace;
import java.io.IOException;
import java.util.List;

/** Collections for retrieval. */
public final class SearchTargets {
    private static final int AT_A_TIME = 3;

    public static final List<Target> ALL = List.of(Target.folder("beir", SearchTargets::read, Forms.LINES));

    private SearchTargets() {}

    private static void read(Input input, Workplace place) throws IOException {
        BeirFolder folder = BeirFolder.open(place.folder(input), "test");
        folder.queries();
        try (BeirFolder.Documents documents = folder.read()) {
            while (!documents.next(AT_A_TIME).isEmpty()) {
                // All are read.
            }
        }
    }
}
