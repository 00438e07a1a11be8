package io.tokenwise.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleNameEndingWith;
import static com.tngtech.archunit.core.domain.JavaModifier.FINAL;
import static com.tngtech.archunit.core.domain.JavaModifier.STATIC;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;

/** Who may know whom, over kernels and engine. */
@AnalyzeClasses(packages = "io.tokenwise", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule ONLY_KERNELS_READ_THE_VECTOR_API = noClasses()
            .that()
            .resideOutsideOfPackage("io.tokenwise.kernels")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("jdk.incubator.vector..");

    @ArchTest
    static final ArchRule PACKAGES_KNOW_ONLY_THOSE_BELOW = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("api")
            .definedBy("io.tokenwise.api")
            .layer("kernels")
            .definedBy("io.tokenwise.kernels")
            .layer("tensor")
            .definedBy("io.tokenwise.tensor")
            .layer("io")
            .definedBy("io.tokenwise.io")
            .layer("tokenizer")
            .definedBy("io.tokenwise.tokenizer")
            .layer("audio")
            .definedBy("io.tokenwise.audio")
            .layer("image")
            .definedBy("io.tokenwise.image")
            .layer("backend")
            .definedBy("io.tokenwise.backend..")
            .layer("cost")
            .definedBy("io.tokenwise.cost")
            .layer("autograd")
            .definedBy("io.tokenwise.autograd")
            .layer("op")
            .definedBy("io.tokenwise.op")
            .layer("nn")
            .definedBy("io.tokenwise.nn")
            .layer("acm")
            .definedBy("io.tokenwise.acm..")
            .layer("choice")
            .definedBy("io.tokenwise.choice")
            .layer("model")
            .definedBy("io.tokenwise.model..")
            .layer("session")
            .definedBy("io.tokenwise.session")
            .layer("library")
            .definedBy(
                    "io.tokenwise",
                    "io.tokenwise.classify",
                    "io.tokenwise.train",
                    "io.tokenwise.distill",
                    "io.tokenwise.finetune",
                    "io.tokenwise.search")
            .whereLayer("api")
            .mayNotAccessAnyLayer()
            .whereLayer("library")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("session")
            .mayOnlyBeAccessedByLayers("library")
            .whereLayer("model")
            .mayOnlyBeAccessedByLayers("session", "library")
            .whereLayer("choice")
            .mayOnlyBeAccessedByLayers("session", "library")
            .whereLayer("acm")
            .mayOnlyBeAccessedByLayers("model", "session", "library")
            .whereLayer("nn")
            .mayOnlyBeAccessedByLayers("acm", "model", "session", "library")
            .whereLayer("op")
            .mayOnlyBeAccessedByLayers("choice", "cost", "nn", "acm", "model", "session", "library")
            .whereLayer("autograd")
            .mayOnlyBeAccessedByLayers("op", "nn", "acm", "model", "session", "library")
            .whereLayer("cost")
            .mayOnlyBeAccessedByLayers("acm", "model", "session", "library")
            .whereLayer("backend")
            .mayOnlyBeAccessedByLayers("op", "choice", "cost", "autograd", "nn", "acm", "model", "session", "library")
            .whereLayer("tokenizer")
            .mayOnlyBeAccessedByLayers("model", "session", "library")
            .whereLayer("audio")
            .mayOnlyBeAccessedByLayers("model", "session", "library")
            .whereLayer("image")
            .mayOnlyBeAccessedByLayers("model", "session", "library")
            .whereLayer("io")
            .mayOnlyBeAccessedByLayers("tokenizer", "audio", "image", "backend", "cost", "model", "session", "library");

    @ArchTest
    static final ArchRule NO_CYCLES =
            slices().matching("io.tokenwise.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule NO_CYCLES_WITHIN_ACM =
            slices().matching("io.tokenwise.acm.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule BACKENDS_KNOW_ONLY_THOSE_BELOW = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("interface")
            .definedBy("io.tokenwise.backend")
            .layer("cpu")
            .definedBy("io.tokenwise.backend.cpu")
            .layer("onednn")
            .definedBy("io.tokenwise.backend.onednn")
            .layer("cuda")
            .definedBy("io.tokenwise.backend.cuda")
            .whereLayer("onednn")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("cuda")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("cpu")
            .mayOnlyBeAccessedByLayers("onednn");

    /** One of them is opened there, and operations have a form for each kind; all others know the interface. */
    @ArchTest
    static final ArchRule BACKENDS_ARE_KNOWN_TO_WHO_OPENS_THEM = noClasses()
            .that()
            .resideOutsideOfPackages("io.tokenwise.backend..", "io.tokenwise.op", "io.tokenwise.choice")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.tokenwise.backend.cpu", "io.tokenwise.backend.onednn", "io.tokenwise.backend.cuda");

    /** A family is a folder; the list of them is in {@code model.open}. BERT's names and its head are others' too. */
    @ArchTest
    static final ArchRule MODELS_ARE_KNOWN_BY_WHAT_FAMILIES_SAY = noClasses()
            .that()
            .resideOutsideOfPackages("io.tokenwise.model.*", "io.tokenwise.train")
            .should()
            .dependOnClassesThat(
                    resideInAPackage("io.tokenwise.model.*").and(not(resideInAPackage("io.tokenwise.model.open"))));

    @ArchTest
    static final ArchRule ONLY_THE_LIST_KNOWS_FAMILIES = noClasses()
            .that()
            .resideOutsideOfPackage("io.tokenwise.model.*")
            .should()
            .dependOnClassesThat(simpleNameEndingWith("Family").and(resideInAPackage("io.tokenwise.model.*")));

    @ArchTest
    static final ArchRule NO_CYCLES_WITHIN_MODEL =
            slices().matching("io.tokenwise.model.(*)..").should().beFreeOfCycles();

    /** Others read and write a tensor by its backend, which may keep it on a device. */
    @ArchTest
    static final ArchRule ONLY_BACKENDS_ASK_FOR_MEMORY = noClasses()
            .that()
            .resideOutsideOfPackages("io.tokenwise.backend..", "io.tokenwise.tensor")
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

    /** What jextract generates can print each call, if a system property of its own says so. */
    @ArchTest
    static final ArchRule A_LIBRARY_LEAVES_THE_JVM_AND_ITS_STREAMS_ALONE = noClasses()
            .that()
            .resideOutsideOfPackage("..generated..")
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .callMethod(Runtime.class, "halt", int.class)
            .orShould()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .callMethod(Throwable.class, "printStackTrace");

    /** What jextract generates keeps the lengths of arrays so. */
    @ArchTest
    static final ArchRule NO_STATIC_STATE = fields().that()
            .areDeclaredInClassesThat()
            .resideOutsideOfPackage("..generated..")
            .and()
            .haveModifier(STATIC)
            .should()
            .haveModifier(FINAL);
}
