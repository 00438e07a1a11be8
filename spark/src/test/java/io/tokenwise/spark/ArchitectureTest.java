package io.tokenwise.spark;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.apache.spark.sql.Dataset;

@AnalyzeClasses(packages = "io.tokenwise.spark", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    /** But for training, which the face does not have. */
    @ArchTest
    static final ArchRule MODELS_ARE_ASKED_BY_THE_FACE = noClasses()
            .that()
            .doNotBelongToAnyOf(SparkDistillation.class, DistillSettings.class, DistillTask.class)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.tokenwise.model..",
                    "io.tokenwise.session..",
                    "io.tokenwise.tensor..",
                    "io.tokenwise.tokenizer..",
                    "io.tokenwise.kernels..",
                    "io.tokenwise.natives..");

    /** What executors run must not know what only a driver has. */
    @ArchTest
    static final ArchRule ONLY_COLUMNS_KNOW_DATASETS = classes()
            .that()
            .areNotAssignableTo(ModelColumn.class)
            .and()
            .areNotAssignableTo(SparkDistillation.class)
            .should()
            .onlyDependOnClassesThat(com.tngtech.archunit.base.DescribedPredicate.not(
                    com.tngtech.archunit.core.domain.JavaClass.Predicates.type(Dataset.class)));

    @ArchTest
    static final ArchRule THE_JVM_AND_ITS_STREAMS_ARE_LEFT_ALONE = noClasses()
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err");
}
