package io.tokenwise.cost;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleBiFunction;

/** Tables of made-up times. */
final class TestTables {
    static final Sizes MINILM = new Sizes(384, 1536, 12, 6);
    static final List<Integer> ROWS = List.of(1, 8, 16, 64, 256);

    private TestTables() {}

    static ShapeCost shape(Sizes sizes, ToDoubleBiFunction<Piece, Integer> micros) {
        Map<Piece, List<Double>> all = new EnumMap<>(Piece.class);
        for (Piece piece : Piece.values()) {
            all.put(
                    piece,
                    ROWS.stream().map(rows -> micros.applyAsDouble(piece, rows)).toList());
        }
        return new ShapeCost(sizes, ROWS, all);
    }

    static Machine machine() {
        return new Machine("a CPU", "AVX2", "onednn (3.13.0, AVX2)", "f32", 1, "25", "classes");
    }

    static CostTable table(ToDoubleBiFunction<Piece, Integer> micros) {
        return CostTable.of(machine(), List.of(shape(MINILM, micros)));
    }

    /** Each piece has a time of its own, and all grow with the rows. */
    static CostTable plain() {
        return table((piece, rows) -> (piece.ordinal() + 1) * (2.0 + rows));
    }
}
