package io.tokenwise.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;

@AnalyzeClasses(packages = "io.tokenwise.cli", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule ONLY_MAIN_ENDS_THE_JVM = noClasses()
            .that()
            .doNotBelongToAnyOf(Main.class)
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .callMethod(Runtime.class, "halt", int.class);

    @ArchTest
    static final ArchRule ONLY_MAIN_KNOWS_THE_STANDARD_STREAMS = noClasses()
            .that()
            .doNotBelongToAnyOf(Main.class)
            .should()
            .accessField(System.class, "in")
            .orShould()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err");

    @ArchTest
    static final ArchRule NUMBERS_ARE_COMPUTED_BELOW = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("jdk.incubator.vector..", "io.tokenwise.kernels..", "io.tokenwise.natives..");

    /** A tensor is read and written by its backend, which may keep it on a device. */
    @ArchTest
    static final ArchRule ONLY_BACKENDS_ASK_FOR_MEMORY = noClasses()
            .should()
            .callMethod(Tensor.class, "floats")
            .orShould()
            .callMethod(Tensor.class, "host")
            .orShould()
            .callMethod(Tensor.class, "memory")
            .orShould()
            .callMethod(Tensor.class, "offsetBytes")
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(HostMemory.class);
}
