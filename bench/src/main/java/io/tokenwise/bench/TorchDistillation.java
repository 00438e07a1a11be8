package io.tokenwise.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tensor.HostTensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * The end-to-end step of distillation in libtorch: forward of the teacher; forward of the student with Gumbel noise, straight-through
 * choices and learners scaled by them; cosine and budget loss; gradients; clipping and fused AdamW. Two TorchScript programs do it, one call
 * each. Batches are padded to their longest text. Not thread-safe.
 */
final class TorchDistillation implements AutoCloseable {
    private final DistillConfig config;
    private final NDManager manager = TorchScript.newManager();
    private final TorchScript distill = TorchPrograms.of("distill");
    private final TorchScript adamW = TorchPrograms.of("adamw");
    private final Random random = new Random(1);
    private final Parameters learners;
    private final Parameters gates;
    private final NDList teacher;
    private final double gateShare;

    /**
     * @param student whose adaptive MLPs' weights are copied; everything else is the teacher's
     * @param threads within one operation, for all of libtorch in this process
     */
    TorchDistillation(ModelFiles files, Encoder student, DistillConfig config, int threads) throws IOException {
        JniUtils.setNumThreads(threads);
        this.config = config;
        teacher = named("w", List.of(TorchWeights.of(files, manager)));
        learners = new Parameters(
                "learners",
                student.adaptiveBlocks().stream()
                        .flatMap(block -> {
                            List<Parameter> p = block.learnerParameters();
                            // w1 and w2 as linear wants them, [out, in].
                            return Stream.of(turned(p.get(0)), copy(p.get(1)), turned(p.get(2)), copy(p.get(3)));
                        })
                        .toList(),
                config.learnerRate());
        gates = new Parameters(
                "gates",
                student.acms().stream()
                        .flatMap(acm -> {
                            List<Parameter> p = acm.gateParameters();
                            return Stream.of(turned(p.get(0)), copy(p.get(1)));
                        })
                        .toList(),
                config.gateRate() / 4);
        Acm first = student.acms().getFirst();
        gateShare = (double) first.gateFlops() / first.denseFlops();
    }

    private NDArray copy(Parameter parameter) {
        try (HostTensor tensor = parameter.read()) {
            var values = new float[tensor.size()];
            tensor.copyTo(values);
            // A bias [1, n] is a vector there; c [learners, hidden] and the like are matrices.
            boolean vector = tensor.rows() == 1;
            return manager.create(
                    values, vector ? new Shape(values.length) : new Shape(tensor.rows(), tensor.columns()));
        }
    }

    /** A matrix transposed, row by row: the fused AdamW reads weights and gradients in the order in which they lie. */
    private NDArray turned(Parameter parameter) {
        try (HostTensor tensor = parameter.read()) {
            var values = new float[tensor.size()];
            for (int row = 0; row < tensor.rows(); row++) {
                for (int column = 0; column < tensor.columns(); column++) {
                    values[column * tensor.rows() + row] = tensor.get(row, column);
                }
            }
            return manager.create(values, new Shape(tensor.columns(), tensor.rows()));
        }
    }

    /** Trained tensors with their optimizer's state. */
    private final class Parameters {
        final double rate;
        final NDList weights;
        final IValue inPlace;
        final IValue means;
        final IValue squares;
        final IValue steps;

        Parameters(String name, List<NDArray> arrays, double rate) {
            this.rate = rate;
            weights = named(name, arrays);
            arrays.forEach(array -> array.setRequiresGradient(true));
            inPlace = list(arrays.stream());
            means = list(arrays.stream().map(array -> manager.zeros(array.getShape())));
            squares = list(arrays.stream().map(array -> manager.zeros(array.getShape())));
            steps = list(arrays.stream().map(_ -> manager.create(0f)));
        }

        /** The gradients are {@code results} from {@code first} on. */
        void update(NDArray[] results, int first) {
            try (IValue gradients = list(Arrays.stream(results, first, first + weights.size()));
                    IValue speed = IValue.from(rate);
                    IValue norm = adamW.run(inPlace, gradients, means, squares, steps, speed)) {
                if (!norm.isTensor()) {
                    throw new IllegalStateException("libtorch's AdamW gave no norm");
                }
            }
        }

        void close() {
            Stream.of(inPlace, means, squares, steps).forEach(IValue::close);
        }
    }

    private static NDList named(String name, List<NDArray> arrays) {
        arrays.forEach(array -> array.setName(name + "[]"));
        return new NDList(arrays);
    }

    private static IValue list(Stream<NDArray> arrays) {
        return IValue.listFrom(arrays.toArray(PtNDArray[]::new));
    }

    /** One step; returns the cosine distance to the teacher. */
    double step(TokenBatch batch) {
        int texts = batch.sequences();
        int length = 0;
        for (int i = 0; i < texts; i++) {
            length = Math.max(length, batch.length(i));
        }
        try (NDManager scope = manager.newSubManager()) {
            NDArray[] results = distill.train(inputs(scope, batch, length)).toArray(new NDArray[0]);
            learners.update(results, 1);
            gates.update(results, 1 + learners.weights.size());
            return results[0].getFloat();
        }
    }

    private NDList inputs(NDManager scope, TokenBatch batch, int length) {
        int texts = batch.sequences();
        int positions = texts * length;
        int groups = Math.min(config.budgetsPerStep(), texts);
        var ids = new long[positions];
        var mask = new float[positions];
        var features = new float[positions * Acm.BUDGET_KNOTS];
        var members = new float[groups * positions];
        var sizes = new int[groups];
        var budgets = new float[groups];
        for (int group = 0; group < groups; group++) {
            double place = (group + random.nextDouble()) / groups;
            budgets[group] = (float) (config.lowestBudget() + (1 - config.lowestBudget()) * place);
        }
        for (int text = 0; text < texts; text++) {
            sizes[text % groups] += batch.length(text);
        }
        for (int text = 0; text < texts; text++) {
            int group = text % groups;
            for (int t = 0; t < batch.length(text); t++) {
                int at = text * length + t;
                ids[at] = batch.inputs()[batch.offsets()[text] + t];
                mask[at] = 1;
                members[group * positions + at] = 1f / sizes[group];
                for (int knot = 0; knot < Acm.BUDGET_KNOTS; knot++) {
                    features[at * Acm.BUDGET_KNOTS + knot] = (float) Acm.budgetFeature(knot, budgets[group]);
                }
            }
        }
        var budgetWeights = new float[groups];
        for (int group = 0; group < groups; group++) {
            budgetWeights[group] = (float) config.budgetWeight() / budgets[group];
            // What gates cost is spent already.
            budgets[group] -= (float) gateShare;
        }
        boolean padded = batch.tokens() < positions;
        var arguments = new NDList();
        arguments.add(scope.create(ids, new Shape(texts, length)));
        NDArray real = scope.create(mask, new Shape(texts, length));
        arguments.add(real);
        arguments.add(padded ? scope.ones(real.getShape()).sub(real) : scope.create(new Shape(0)));
        arguments.add(scope.create(features, new Shape(positions, Acm.BUDGET_KNOTS)));
        arguments.add(scope.create(members, new Shape(groups, positions)));
        arguments.add(scope.create(budgets));
        arguments.add(scope.create((float) config.temperature()));
        arguments.add(scope.create(budgetWeights));
        arguments.addAll(teacher);
        arguments.addAll(learners.weights);
        arguments.addAll(gates.weights);
        return arguments;
    }

    @Override
    public void close() {
        learners.close();
        gates.close();
        distill.close();
        adamW.close();
        manager.close();
    }
}
