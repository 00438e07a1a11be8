package io.tokenwise.autograd;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * One operation at certain shapes, on the engine, in plain doubles and, if it has a gradient, in libtorch; it drives all suites of operations.
 *
 * @param longestSum number of terms of the longest sum that forward or backward forms, from which the tolerance follows
 * @param gradientOf what the gradient is that of, in doubles: the reference itself, but for straight-through operations; null if it has none, like torch
 */
record OpCase(
        String name,
        List<Operand> operands,
        int longestSum,
        OnEngine engine,
        Function<List<Matrix>, Matrix> reference,
        Function<List<Matrix>, Matrix> gradientOf,
        Function<NDList, NDArray> torch) {

    enum Role {
        /** A tensor that gradients flow to. */
        TENSOR,
        /** A trainable parameter. */
        PARAMETER,
        /** Neither: it has no gradient. */
        CONSTANT
    }

    record Operand(int rows, int columns, Role role) {
        @Override
        public String toString() {
            return "[" + rows + ", " + columns + "]";
        }

        static Operand tensor(int rows, int columns) {
            return new Operand(rows, columns, Role.TENSOR);
        }

        static Operand parameter(int rows, int columns) {
            return new Operand(rows, columns, Role.PARAMETER);
        }
    }

    interface OnEngine {
        Tensor run(Pass pass, Bound operands);
    }

    /** The operands on the engine, by number. */
    record Bound(Parameters owner, List<Tensor> tensors, List<Parameter> parameters) {
        Tensor tensor(int number) {
            return tensors.get(number);
        }

        Parameter parameter(int number) {
            return parameters.get(number);
        }

        Weight weight(int number) {
            var weight = new Weight(owner, parameters.get(number));
            // What inference needs; with a tape they are prepared anyway.
            weight.prepare(owner.backend().stream());
            weight.prepareTransposed(owner.backend().stream());
            return weight;
        }
    }

    /** The value, and the gradient of each operand that has one (null for the others). */
    record Result(Matrix y, List<Matrix> gradients) {}

    /** One without a gradient. */
    static OpCase forward(
            String name,
            List<Operand> operands,
            int longestSum,
            OnEngine engine,
            Function<List<Matrix>, Matrix> reference) {
        return new OpCase(name, operands, longestSum, engine, reference, null, null);
    }

    boolean hasGradient() {
        return gradientOf != null;
    }

    List<Matrix> randomOperands(long seed) {
        var random = new SplittableRandom(seed);
        return operands.stream()
                .map(o -> Matrix.random(o.rows(), o.columns(), random))
                .toList();
    }

    /**
     * The largest difference that rounding explains. A sum of n rounded terms of random sign is off by about sqrt(n) times the
     * machine's epsilon, relative to terms that are of length about 1 here; 16 covers the few roundings in front of and after it.
     */
    double tolerance(Matrix expected) {
        return 16 * Math.sqrt(longestSum) * Math.ulp(1f) / 2 * (1 + expected.largest());
    }

    /** Forward on a tape, then backward from {@code dy} (null: forward only, without a tape, as inference does). */
    Result onEngine(Backend backend, List<Matrix> values, Matrix dy) {
        try (var owner = new Parameters(backend);
                Workspace workspace = backend.workspace(1L << 30)) {
            Stream stream = backend.stream();
            Pass pass = new Pass(stream, workspace).begin(Budget.FULL);
            Tape tape = dy == null ? null : new Tape();
            Bound bound = bind(owner, pass, tape, values);
            pass.train(tape);
            Tensor y = engine.run(pass, bound);
            Matrix result = Matrix.of(backend, y);
            if (tape == null) {
                return new Result(result, List.of());
            }
            var gradients = new Gradients(stream, workspace);
            Tensor seed = pass.tensor(y.rows(), y.columns());
            dy.copyTo(backend, seed);
            gradients.add(y, seed);
            tape.backward(gradients, stream, workspace);
            var found = new ArrayList<Matrix>();
            for (int i = 0; i < operands.size(); i++) {
                found.add(
                        switch (operands.get(i).role()) {
                            case TENSOR -> Matrix.of(backend, gradients.of(bound.tensor(i)));
                            case PARAMETER ->
                                Matrix.of(backend, bound.parameter(i).gradient());
                            case CONSTANT -> null;
                        });
            }
            return new Result(result, found);
        }
    }

    /** The kinds of operations that it leaves on a tape. */
    Set<Class<?>> recorded(Backend backend) throws ReflectiveOperationException {
        try (var owner = new Parameters(backend);
                Workspace workspace = backend.workspace(1L << 30)) {
            var tape = new Tape();
            Pass pass = new Pass(backend.stream(), workspace).begin(Budget.FULL).train(tape);
            engine.run(pass, bind(owner, pass, tape, randomOperands(1)));
            Field ops = Tape.class.getDeclaredField("ops");
            ops.setAccessible(true);
            return ((List<?>) ops.get(tape)).stream().map(Object::getClass).collect(Collectors.toSet());
        }
    }

    private Bound bind(Parameters owner, Pass pass, Tape tape, List<Matrix> values) {
        var tensors = new ArrayList<Tensor>();
        var parameters = new ArrayList<Parameter>();
        for (int i = 0; i < operands.size(); i++) {
            Operand operand = operands.get(i);
            Parameter parameter = null;
            Tensor tensor;
            if (operand.role() == Role.PARAMETER) {
                parameter = owner.add("operand" + i, operand.rows(), operand.columns());
                owner.train(parameter);
                tensor = parameter.value();
            } else {
                tensor = pass.tensor(operand.rows(), operand.columns());
            }
            values.get(i).copyTo(owner.backend(), tensor);
            if (tape != null && operand.role() == Role.TENSOR) {
                tape.watch(tensor);
            }
            tensors.add(tensor);
            parameters.add(parameter);
        }
        return new Bound(owner, tensors, parameters);
    }

    @Override
    public String toString() {
        return name;
    }
}
