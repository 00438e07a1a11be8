package io.tokenwise.op;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Precision;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.autograd.Op;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.choice.Backends;
import io.tokenwise.kernels.Kernels;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Every operation's value against plain doubles, and its gradient against finite differences of them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpsInDoubleTest {
    private static final Logger LOG = LoggerFactory.getLogger(OpsInDoubleTest.class);

    /** What central differences are off by. */
    private static final double DIFFERENCES = 1e-10;

    private final List<Backend> backends = new ArrayList<>();

    @BeforeAll
    void open() {
        backends.add(new VectorBackend(Kernels.scalar(), 1));
        backends.add(VectorBackend.open(1));
        backends.add(VectorBackend.open(3));
        try {
            backends.add(Backends.open(new BackendChoice(BackendChoice.Kind.ONEDNN, Precision.F32), 2));
        } catch (IllegalArgumentException e) {
            LOG.info("left out: {}", e.getMessage());
        }
    }

    @AfterAll
    void close() {
        backends.forEach(Backend::close);
    }

    static Stream<OpCase> all() {
        return OpCases.tiny().stream();
    }

    static Stream<OpCase> differentiable() {
        return all().filter(OpCase::hasGradient);
    }

    @ParameterizedTest
    @MethodSource("all")
    void valueIsTheReferences(OpCase op) {
        List<Matrix> operands = op.randomOperands(1);
        Matrix expected = op.reference().apply(operands);
        for (Backend backend : backends) {
            Matrix inference = op.onEngine(backend, operands, null).y();
            assertThat(inference.distance(expected))
                    .as("%s, %s", op, backend.name())
                    .isLessThanOrEqualTo(op.tolerance(expected));
            if (op.hasGradient()) {
                Matrix training = op.onEngine(backend, operands, expected).y();
                assertThat(training.distance(expected))
                        .as("%s, %s", op, backend.name())
                        .isLessThanOrEqualTo(op.tolerance(expected));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("differentiable")
    void gradientIsThatOfFiniteDifferences(OpCase op) {
        List<Matrix> operands = op.randomOperands(2);
        Matrix y = op.gradientOf().apply(operands);
        Matrix dy = Matrix.random(y.rows(), y.columns(), new SplittableRandom(3));
        var expected = new ArrayList<Matrix>();
        for (int i = 0; i < operands.size(); i++) {
            expected.add(finiteDifferences(op, operands, i, dy));
        }
        for (Backend backend : backends) {
            List<Matrix> gradients = op.onEngine(backend, operands, dy).gradients();
            for (int i = 0; i < operands.size(); i++) {
                if (op.operands().get(i).role() != OpCase.Role.CONSTANT) {
                    assertThat(gradients.get(i).distance(expected.get(i)))
                            .as("%s, %s, operand %d", op, backend.name(), i)
                            .isLessThanOrEqualTo(op.tolerance(expected.get(i)) + DIFFERENCES);
                }
            }
        }
    }

    /** Those of {@code sum(y * dy)} by each value of one operand; where each row of y comes of that row alone, of a value in each row at once. */
    private static Matrix finiteDifferences(OpCase op, List<Matrix> operands, int operand, Matrix dy) {
        var moved = new ArrayList<>(operands);
        UnaryOperator<Matrix> y = at -> {
            moved.set(operand, at);
            return op.gradientOf().apply(moved);
        };
        Matrix at = operands.get(operand);
        return at.rows() > 1 && rowByRow(y, at)
                ? Reference.slopesOfRows(y, dy, at)
                : Reference.slopes(there -> y.apply(there).dot(dy), at);
    }

    /** Whether moving any row moves that row of y, and no other. */
    private static boolean rowByRow(UnaryOperator<Matrix> y, Matrix at) {
        Matrix before = y.apply(at);
        if (before.rows() != at.rows()) {
            return false;
        }
        for (int row = 0; row < at.rows(); row++) {
            Matrix moved = at.plus(0, at);
            for (int column = 0; column < at.columns(); column++) {
                moved.set(row, column, 0.7 * at.get(row, column));
            }
            Matrix after = y.apply(moved);
            for (int i = 0; i < after.values().length; i++) {
                if (i / after.columns() != row && after.values()[i] != before.values()[i]) {
                    return false;
                }
            }
        }
        return true;
    }

    @Test
    void everyOperationHasACase() throws ReflectiveOperationException {
        Set<String> tested = new HashSet<>();
        for (OpCase op : differentiable().toList()) {
            op.recorded(backends.getFirst()).forEach(kind -> tested.add(kind.getName()));
        }
        assertThat(rooms().stream()
                        .filter(type -> type.isAssignableTo(Op.class))
                        .map(JavaClass::getName))
                .hasSizeGreaterThan(15)
                .containsExactlyInAnyOrderElementsOf(tested);
    }

    private static JavaClasses rooms() {
        return imported(new ClassFileImporter(List.of(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)));
    }

    /** Of this package alone: what its classes need is only named here, and would be most of the engine and of libtorch's API. */
    private static JavaClasses imported(ClassFileImporter importer) {
        var classes = new ArrayList<JavaClasses>();
        ArchConfiguration.withThreadLocalScope(configuration -> {
            configuration.setResolveMissingDependenciesFromClassPath(false);
            classes.add(importer.importPackagesOf(Linears.class));
        });
        return classes.getFirst();
    }

    /** What is public in package op is called by a case, by an operation that is, or by losses' own tests. */
    @Test
    void everyRoomHasCases() {
        JavaClasses classes = imported(new ClassFileImporter());
        JavaClasses rooms = rooms();
        Predicate<JavaAccess<?>> isCase =
                access -> !access.getOriginOwner().getName().contains("Test")
                        || access.getOriginOwner().getSimpleName().endsWith("LossesTest");
        List<String> without = classes.stream()
                .filter(type -> rooms.contain(type.getName()))
                .flatMap(type -> type.getMethods().stream())
                .filter(method -> method.getModifiers().contains(JavaModifier.PUBLIC)
                        && method.getModifiers().contains(JavaModifier.STATIC))
                .filter(method -> method.getAccessesToSelf().stream().noneMatch(isCase))
                .map(JavaMethod::getFullName)
                .toList();
        assertThat(without).isEmpty();
    }
}
