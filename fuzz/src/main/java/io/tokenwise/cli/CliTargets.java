package io.tokenwise.cli;

import io.tokenwise.fuzz.Forms;
import io.tokenwise.fuzz.Input;
import io.tokenwise.fuzz.Target;
import io.tokenwise.fuzz.Workplace;
import java.io.IOException;
import java.util.List;

/** Files of texts. */
public final class CliTargets {
    public static final List<Target> ALL = List.of(
            Target.file("csv", "texts.csv", CliTargets::labelled, Forms.LINES),
            Target.file("tsv", "texts.tsv", CliTargets::labelled, Forms.LINES),
            Target.file("jsonl", "texts.jsonl", CliTargets::labelled, Forms.LINES),
            Target.file("csv-gz", "texts.csv.gz", CliTargets::labelled, Forms.GZIPPED_LINES),
            Target.file("jsonl-gz", "texts.jsonl.gz", CliTargets::labelled, Forms.GZIPPED_LINES));

    private CliTargets() {}

    private static void labelled(Input input, Workplace place) throws IOException {
        LabelledTexts.read(place.file(input), "text", "label").size();
    }
}
