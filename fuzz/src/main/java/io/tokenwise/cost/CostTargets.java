package io.tokenwise.cost;

import io.tokenwise.fuzz.Forms;
import io.tokenwise.fuzz.Input;
import io.tokenwise.fuzz.Target;
import io.tokenwise.fuzz.Workplace;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;

/** Cost tables. */
public final class CostTargets {
    private static final Sizes SIZES = new Sizes(384, 1536, 12, 6);

    public static final List<Target> ALL =
            List.of(Target.file("cost-table", "table.json", CostTargets::read, Forms.JSON));

    private CostTargets() {}

    /** As a model asks it when it is opened. */
    private static void read(Input input, Workplace place) throws IOException {
        CostTable table = CostTableFile.read("table.json", new ByteArrayInputStream(input.bytes()));
        table.nearest(SIZES);
    }
}
