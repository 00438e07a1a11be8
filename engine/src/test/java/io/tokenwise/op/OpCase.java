package io.tokenwise.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Tape;
import io.tokenwise.autograd.Weight;
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
 * @param onDevice whether devices have it; elsewhere it must be refused in a line
 */
public record OpCase(
        String name,
        List<Operand> operands,
        int longestSum,
        OnEngine engine,
        Function<List<Matrix>, Matrix> reference,
        Function<List<Matrix>, Matrix> gradientOf,
        Function<NDList, NDArray> torch,
        boolean onDevice) {

    enum Role {
        /** A tensor that gradients flow to. */
        TENSOR,
        /** A trainable parameter. */
        PARAMETER,
        /** Neither: it has no gradient. */
        CONSTANT
    }

    /** @param size the most by which its values differ from 0, as a multiple of 1.5 */
    record Operand(int rows, int columns, Role role, double size) {
        @Override
        public String toString() {
            return "[" + rows + ", " + columns + "]";
        }

        static Operand tensor(int rows, int columns) {
            return new Operand(rows, columns, Role.TENSOR, 1);
        }

        static Operand parameter(int rows, int columns) {
            return new Operand(rows, columns, Role.PARAMETER, 1);
        }

        static Operand constant(int rows, int columns) {
            return new Operand(rows, columns, Role.CONSTANT, 1);
        }

        /** The same with larger values. */
        Operand times(double size) {
            return new Operand(rows, columns, role, size);
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
        return new OpCase(name, operands, longestSum, engine, reference, null, null, true);
    }

    /** The same of what no device has. */
    OpCase onCpuOnly() {
        return new OpCase(name, operands, longestSum, engine, reference, gradientOf, torch, false);
    }

    /** The same with one operand of another shape, which the operation may refuse. */
    OpCase with(int number, int rows, int columns) {
        var others = new ArrayList<>(operands);
        Operand given = operands.get(number);
        others.set(number, new Operand(rows, columns, given.role(), given.size()));
        return new OpCase(name, others, longestSum, engine, reference, gradientOf, torch, onDevice);
    }

    boolean hasGradient() {
        return gradientOf != null;
    }

    List<Matrix> randomOperands(long seed) {
        var random = new SplittableRandom(seed);
        return operands.stream()
                .map(o -> {
                    Matrix values = Matrix.random(o.rows(), o.columns(), random);
                    return o.size() == 1
                            ? values
                            : Matrix.fill(o.rows(), o.columns(), i -> (float) (o.size() * values.values()[i]));
                })
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
            Bound bound = bind(owner, pass, values);
            if (tape != null) {
                watch(tape, bound);
            }
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

    /** Forward and, if it has a gradient, backward, from random values. */
    public Result onEngine(Backend backend) {
        List<Matrix> values = randomOperands(4);
        if (!hasGradient()) {
            return onEngine(backend, values, null);
        }
        Matrix y = onEngine(backend, values, null).y();
        return onEngine(backend, values, Matrix.random(y.rows(), y.columns(), new SplittableRandom(5)));
    }

    /** The kinds of operations that it leaves on a tape. */
    Set<Class<?>> recorded(Backend backend) throws ReflectiveOperationException {
        try (var owner = new Parameters(backend);
                Workspace workspace = backend.workspace(1L << 30)) {
            var tape = new Tape();
            Pass pass = new Pass(backend.stream(), workspace).begin(Budget.FULL).train(tape);
            Bound bound = bind(owner, pass, randomOperands(1));
            watch(tape, bound);
            engine.run(pass, bound);
            Field ops = Tape.class.getDeclaredField("ops");
            ops.setAccessible(true);
            return ((List<?>) ops.get(tape)).stream().map(Object::getClass).collect(Collectors.toSet());
        }
    }

    /** Makes the operands on the engine, in the workspace of a pass. */
    Bound bind(Parameters owner, Pass pass, List<Matrix> values) {
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
                tensor = unaligned(pass, operand.rows(), operand.columns());
            }
            values.get(i).copyTo(owner.backend(), tensor);
            tensors.add(tensor);
            parameters.add(parameter);
        }
        return new Bound(owner, tensors, parameters);
    }

    /** From here on the tape records what leads to gradients. */
    void watch(Tape tape, Bound bound) {
        for (int i = 0; i < operands.size(); i++) {
            if (operands.get(i).role() == Role.TENSOR) {
                tape.watch(bound.tensor(i));
            }
        }
    }

    /** It begins behind its memory's beginning, as a matrix's rows may. */
    private static Tensor unaligned(Pass pass, int rows, int columns) {
        Tensor larger = pass.tensor(1, rows * columns + 1);
        return new Tensor(larger.memory(), larger.offsetBytes() + Float.BYTES, rows, columns);
    }

    @Override
    public String toString() {
        return name;
    }
}
