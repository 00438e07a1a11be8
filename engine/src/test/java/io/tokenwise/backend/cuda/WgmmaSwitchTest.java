package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tokenwise.api.Precision;
import io.tokenwise.choice.CudaStatus;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.Nvrtc;
import io.tokenwise.natives.cuda.NvrtcException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The property that asks for products by wgmma, on devices that have it and others. */
class WgmmaSwitchTest {
    private static final String PROPERTY = "tokenwise.cuda.wgmma";

    private FakeControls controls;

    @BeforeEach
    void start() {
        controls = FakeDevice.start();
    }

    @AfterEach
    void end() {
        System.clearProperty(PROPERTY);
        assertThat(controls.leaks()).isEmpty();
    }

    private static String kernels() throws CudaUnavailableException {
        try (CudaBackend device = CudaBackend.open(Precision.BF16)) {
            assertThat(device.kernels().endsWith(", products by wgmma")).isEqualTo(device.wgmma());
            return device.kernels();
        }
    }

    @Test
    void isOffUnlessAskedFor() throws CudaUnavailableException {
        assertThat(kernels()).endsWith(" for sm_90");
        assertThat(CudaStatus.describe()).doesNotContain("wgmma");
        System.setProperty(PROPERTY, "false");
        assertThat(kernels()).endsWith(" for sm_90");
        System.setProperty(PROPERTY, "true");
        assertThat(kernels()).endsWith(" for sm_90, products by wgmma");
        assertThat(CudaStatus.describe()).contains(", products by wgmma; ");
    }

    @Test
    void otherDevicesAreRefused() throws CudaUnavailableException {
        System.setProperty(PROPERTY, "true");
        for (int[] capability : new int[][] {{8, 0}, {10, 0}}) {
            controls.capability(capability[0], capability[1]);
            refused("has capability " + capability[0]
                    + ".0, but -Dtokenwise.cuda.wgmma=true is for 9.0 (H100, H200) only;"
                    + " without it others serve too");
        }
        System.clearProperty(PROPERTY);
        assertThat(kernels()).endsWith(" for sm_100");
    }

    @Test
    void otherWordsAreRefused() {
        System.setProperty(PROPERTY, "yes");
        refused("-Dtokenwise.cuda.wgmma=yes is neither true nor false; false is what it is without");
    }

    private static void refused(String reason) {
        assertThatExceptionOfType(CudaUnavailableException.class)
                .isThrownBy(WgmmaSwitchTest::kernels)
                .satisfies(e -> assertThat(e.getMessage())
                        .hasLineCount(1)
                        .startsWith("CUDA is not available: ")
                        .endsWith(reason));
        assertThat(CudaStatus.describe()).contains("; cannot be used: CUDA is not available: ", reason);
    }

    /** As by NVIDIA's assembler: the instructions are those of sm_90a alone. */
    @Test
    void theirFileIsForOneArchitecture() throws CudaUnavailableException {
        assertThat(KernelSources.files("sm_90")).containsAll(KernelSources.files("sm_80"));
        assertThat(KernelSources.files("sm_80"))
                .isEqualTo(KernelSources.files("sm_100"))
                .hasSize(KernelSources.FILES.size() - 1);
        Nvrtc nvrtc = Nvrtc.open();
        for (String file : KernelSources.FILES) {
            assertThat(nvrtc.compile(KernelSources.text(file), file, KernelSources.target(file, "sm_90"), List.of()))
                    .isNotEmpty();
        }
        assertThatExceptionOfType(NvrtcException.class)
                .isThrownBy(() -> nvrtc.compile(KernelSources.text("gemm_wgmma"), "wgmma", "sm_90", List.of()))
                .withMessageContaining("not supported on .target 'sm_90'");
    }
}
