package io.tokenwise.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class JvmFlagsTest {
    @Test
    void onlyAJvmWithoutVectorsIsToldSo() {
        assertThat(JvmFlags.advice("here")).isEmpty();
        assertThat(JvmFlags.advice(ModuleLayer.empty(), "in JDK_JAVA_OPTIONS"))
                .contains("Tokenwise computes without vector instructions, much slower: start the JVM with"
                        + " --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED, such as in"
                        + " JDK_JAVA_OPTIONS");
    }
}
