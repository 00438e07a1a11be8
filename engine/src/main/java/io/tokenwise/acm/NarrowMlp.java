package io.tokenwise.acm;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.SlicedWeight;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The MLP of narrow layers: it has the more important half of the dense MLP's hidden units, and an input may have the first half of these alone: {@code W2' gelu(W1' x + b1') +
 * c_w} with the columns and rows of the units, all of them one product. Each width has an output bias of its own, which starts with the mean of what is left out. Forward
 * without a tape is thread-safe for different passes once {@link #prepare} has run.
 */
public final class NarrowMlp implements Block {
    /** The narrowest width is one part of its units. */
    static final int PARTS = 2;

    private final Linear up;
    private final Weight down;
    private final Weight biases;
    private final List<SlicedWeight> ups = new ArrayList<>();
    private final List<SlicedWeight> downs = new ArrayList<>();

    /** What inference uses, by width; empty until it is prepared. */
    private List<MlpSlices> slices = List.of();

    /**
     * @param down {@code [units, hidden]}
     * @param biases {@code [narrow widths, hidden]}
     */
    public NarrowMlp(Parameters owner, Linear up, Parameter down, Parameter biases) {
        this.up = up;
        this.down = new Weight(owner, down);
        this.biases = new Weight(owner, biases);
        for (int width = 0; width < Width.NARROW.size(); width++) {
            int[] first = IntStream.range(0, units(width)).toArray();
            ups.add(new SlicedWeight(owner, up.weight().parameter(), 1, true, first));
            downs.add(new SlicedWeight(owner, down, 1, false, first));
        }
    }

    /**
     * Units of a narrow MLP of so many of the dense one.
     *
     * @throws IllegalArgumentException if they cannot be quartered
     */
    public static int unitsOf(int dense) {
        if (dense % 4 != 0) {
            throw new IllegalArgumentException("an MLP of " + dense + " hidden units cannot be narrowed to a quarter");
        }
        return dense / 2;
    }

    private int units(int width) {
        return up.weight().outputs() >> width;
    }

    /** The first of a dense MLP's units. */
    void copyUnits(Mlp dense) {
        Tensor to = up.weight().parameter().value();
        Tensor from = dense.up().weight().parameter().value();
        for (int row = 0; row < to.rows(); row++) {
            for (int unit = 0; unit < to.columns(); unit++) {
                to.set(row, unit, from.get(row, unit));
            }
        }
        up.bias().value().copyFrom(dense.up().bias().value().part(0, to.columns()));
        Tensor outputs = down.parameter().value();
        Tensor first = dense.down().weight().parameter().value().part(0, outputs.size());
        outputs.part(0, outputs.size()).copyFrom(first);
    }

    /** The parameter of {@link #biases}. */
    Tensor bias(int width) {
        Tensor all = biases.parameter().value();
        return all.part((long) width * all.columns(), all.columns());
    }

    @Override
    public void prepare(Stream stream) {
        var prepared = new ArrayList<MlpSlices>();
        for (int width = 0; width < Width.NARROW.size(); width++) {
            prepared.add(new MlpSlices(
                    ups.get(width).packed(stream),
                    List.of(up.bias().value().part(0, units(width))),
                    downs.get(width).packed(stream),
                    List.of(bias(width))));
        }
        slices = prepared;
    }

    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        StayingRows staying = StayingRows.of(pass);
        if (pass.tape() != null) {
            Tensor units = pass.scaleBlocks(up.forwardGelu(pass, x), staying.running());
            return pass.linear(units, down, null, false, pass.linear(staying.widths(), biases, null, false, residual));
        }
        int width = staying.width().narrowPlace();
        Tensor y = pass.tensor(x.rows(), x.columns());
        pass.push();
        Tensor units = pass.tensor(x.rows(), units(width));
        pass.stream().mlp(x, null, pass.groups(0).all(x.rows(), 1), slices.get(width), residual, units, y);
        pass.pop();
        return y;
    }

    /** Of the widest. */
    @Override
    public double flopsPerToken(double share) {
        return 2.0 * up.flopsPerToken();
    }
}
