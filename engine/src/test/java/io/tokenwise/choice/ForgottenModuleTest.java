package io.tokenwise.choice;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.ChildJvm;
import io.tokenwise.api.BackendChoice;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A JVM without the module for vectors says so, whatever multiplies: with oneDNN too all else is several times slower. */
class ForgottenModuleTest {
    /** Opens a backend of the kind that is named. */
    static final class Opening {
        public static void main(String[] kind) {
            Backends.open(new BackendChoice(BackendChoice.Kind.valueOf(kind[0]), null), 1)
                    .close();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = BackendChoice.Kind.class,
            names = {"VECTOR", "AUTO"})
    void isSaid(BackendChoice.Kind kind) throws Exception {
        assertThat(log(ChildJvm.withoutVectors(List.of(), Opening.class, kind.name())))
                .contains("--add-modules=jdk.incubator.vector", "backend ", "scalar");
        assertThat(log(ChildJvm.of(List.of(), Opening.class, kind.name()))).doesNotContain("--add-modules");
    }

    private static String log(ProcessBuilder jvm) throws Exception {
        Process process = jvm.redirectErrorStream(true).start();
        var log = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(log).isZero();
        return log;
    }
}
