package io.tokenwise.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Workspace;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An operation that is given a wrong shape says so by its name and both shapes, and reads and writes nothing; the same on every backend, since rooms check first. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusalsTest {
    private final Backend backend = VectorBackend.open(1);
    private final Workspace workspace = new Workspace(HostMemory::allocate, 1 << 24);
    private final Stream stream = backend.stream();

    /** What the refusals of cases came from. */
    private final Set<String> refusing = new HashSet<>();

    @AfterAll
    void close() {
        workspace.close();
        backend.close();
    }

    @ParameterizedTest
    @MethodSource("io.tokenwise.op.Mistake#all")
    void errorNamesOperationAndShapes(Mistake mistake) {
        var operands = new Mistake.Operands(stream, workspace);
        assertThatThrownBy(() -> mistake.call().accept(operands))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(mistake.operation() + ": " + mistake.detail());
    }

    /** Every case with one operand that has a row or a column more or less is refused in a line that begins with the operation, but for what fits all the same. */
    @Test
    void anOperandOfAnotherShapeIsRefusedInALine() {
        refusing.clear();
        for (OpCase op : OpCases.tiny()) {
            for (int i = 0; i < op.operands().size(); i++) {
                for (int by : new int[] {-1, 1}) {
                    OpCase.Operand right = op.operands().get(i);
                    requireRefused(op, i, right.rows() + by, right.columns());
                    requireRefused(op, i, right.rows(), right.columns() + by);
                }
            }
        }
    }

    private void requireRefused(OpCase right, int operand, int rows, int columns) {
        boolean empty = rows < 1 || columns < 1;
        if (empty || fits(right, operand, rows != right.operands().get(operand).rows())) {
            return;
        }
        OpCase wrong = right.with(operand, rows, columns);
        Throwable refusal = catchThrowable(() -> wrong.onEngine(backend, wrong.randomOperands(1), null));
        assertThat(refusal)
                .as("%s of %s", wrong, wrong.operands())
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .matches("[a-zA-Z0-9 ]+: .+");
        Arrays.stream(refusal.getStackTrace())
                .map(StackTraceElement::getClassName)
                .forEach(refusing::add);
    }

    /** Sizes that are free, such as the rows of a table, or that the result follows. */
    private static boolean fits(OpCase op, int operand, boolean byRows) {
        if (op.operands().size() == 1 || byRows && operand == 0) {
            return true;
        }
        return switch (op.name().split(" ")[0]) {
            case "embeddingSum", "linearTransposed" -> byRows;
            case "scaleBlocks", "scaleUnits", "attend" -> !byRows;
            case "withFirst" -> byRows && operand == 2;
            // Of attention without a bias it is not asked for.
            case "attention" -> op.operands().get(operand).columns() == 1;
            case "toColumns" -> true;
            default -> false;
        };
    }

    /** Each class that checks shapes is in the list of mistakes, or has refused a case. */
    @Test
    void everyRoomRefusesSomething() {
        anOperandOfAnotherShapeIsRefusedInALine();
        JavaClasses classes = new ClassFileImporter().importPackagesOf(RefusalsTest.class);
        List<String> without = classes.stream()
                .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC)
                        && type.getDirectDependenciesFromSelf().stream()
                                .anyMatch(to -> to.getTargetClass().isEquivalentTo(Shapes.class)))
                .filter(type -> !refusing.contains(type.getName()))
                .filter(type -> type.getDirectDependenciesToSelf().stream()
                        .noneMatch(by -> by.getOriginClass().isEquivalentTo(Mistake.class)))
                .map(JavaClass::getSimpleName)
                .toList();
        assertThat(without).isEmpty();
    }
}
