package io.tokenwise.model;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.model.LayerNames.Side;
import io.tokenwise.model.StoredTensor.Columns;
import io.tokenwise.model.StoredTensor.Layout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Matrices of a file that are one of ours, side by side. Where a file has some of them in one matrix, one after the other, their columns are ranges of that.
 *
 * @param path of ours, without {@code .weight} and {@code .bias}
 * @param columns of all
 * @param tensors of the file, by their paths, and which columns each part of them is
 */
record SideBySide(String path, int columns, Map<String, Map<Integer, Columns>> tensors) {
    /** A matrix of a file, or a part of one, and how many columns it has in ours. */
    record Wide(Side side, int columns) {}

    /**
     * From left to right.
     *
     * @param layer before the names of all
     * @param name of all in their place, if they are several and a file has no name for them
     * @throws IllegalArgumentException if a part of a file's matrix is not among them
     */
    static SideBySide of(String layer, String name, List<Wide> sides) {
        Map<String, Map<Integer, Columns>> tensors = new LinkedHashMap<>();
        int columns = 0;
        for (Wide wide : sides) {
            Side side = wide.side();
            tensors.computeIfAbsent(layer + side.tensor(), _ -> new TreeMap<>())
                    .put(side.part(), new Columns(columns, wide.columns()));
            columns += wide.columns();
        }
        for (Wide wide : sides) {
            String tensor = layer + wide.side().tensor();
            if (tensors.get(tensor).size() != wide.side().parts()) {
                throw new IllegalArgumentException(tensor + " has other parts than those named");
            }
        }
        String first = sides.getFirst().side().tensor();
        boolean one = tensors.size() == 1;
        String path = layer + (one ? first : first.substring(0, first.lastIndexOf('.') + 1) + name);
        return new SideBySide(path, columns, tensors);
    }

    /**
     * Where a file has a parameter of all of them.
     *
     * @param prefix before the names of all tensors
     * @param what behind them, such as {@code .weight}
     */
    List<StoredTensor> stored(String prefix, String what, Parameter parameter, Layout layout) {
        return tensors.entrySet().stream()
                .map(tensor -> new StoredTensor(
                        prefix + tensor.getKey() + what,
                        parameter,
                        List.copyOf(tensor.getValue().values()),
                        layout))
                .toList();
    }
}
