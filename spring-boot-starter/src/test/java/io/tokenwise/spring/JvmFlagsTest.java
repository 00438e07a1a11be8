package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class JvmFlagsTest {
    @Test
    void onlyAJvmWithoutVectorsIsToldSo() {
        assertThat(JvmFlags.advice(ModuleLayer.boot())).isEmpty();
        assertThat(JvmFlags.advice(ModuleLayer.empty()).orElseThrow())
                .contains("--add-modules jdk.incubator.vector")
                .doesNotContain("\n");
    }
}
