package io.tokenwise.natives;

import io.tokenwise.natives.generated.onednn.Dnnl;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The instruction sets that oneDNN tells apart on x86, from small to large. Each is a set of features, so not every one includes all before it. */
public enum Isa {
    /** None of the others, or a processor that is not an x86. */
    OTHER(0),
    SSE41(Dnnl.dnnl_cpu_isa_sse41()),
    AVX(Dnnl.dnnl_cpu_isa_avx()),
    AVX2(Dnnl.dnnl_cpu_isa_avx2()),
    AVX2_VNNI(Dnnl.dnnl_cpu_isa_avx2_vnni()),
    AVX2_VNNI_2(Dnnl.dnnl_cpu_isa_avx2_vnni_2()),
    AVX512_CORE(Dnnl.dnnl_cpu_isa_avx512_core()),
    AVX512_CORE_VNNI(Dnnl.dnnl_cpu_isa_avx512_core_vnni()),
    AVX512_CORE_BF16(Dnnl.dnnl_cpu_isa_avx512_core_bf16()),
    AVX512_CORE_FP16(Dnnl.dnnl_cpu_isa_avx512_core_fp16()),
    AVX512_CORE_AMX(Dnnl.dnnl_cpu_isa_avx512_core_amx());

    /** What a weight of 7 bits may be, by absolute value. */
    public static final int LARGEST_7_BIT_WEIGHT = 64;

    final int features;

    Isa(int features) {
        this.features = features;
    }

    /** Whether this set has all features of another; {@code AVX512_CORE} includes {@code AVX2}, but not {@code AVX2_VNNI}. */
    public boolean includes(Isa other) {
        return (features & other.features) == other.features;
    }

    /** Whether there are instructions for products of bf16; without them oneDNN's bf16 is slower than its f32. */
    public boolean hasBf16() {
        return includes(AVX2_VNNI_2) || includes(AVX512_CORE_BF16);
    }

    /** Whether there are instructions that add four products of 8-bit integers in 32 bits, as VNNI does. */
    public boolean hasInt8() {
        return includes(AVX2_VNNI) || includes(AVX512_CORE_VNNI);
    }

    /**
     * The largest weight, by absolute value, with which products of unsigned bytes and signed ones are exact. Without {@link #hasInt8} oneDNN adds
     * two of them in 16 signed bits ({@code vpmaddubsw}) and what does not fit is cut off silently: {@code 255 * (64 + 64) = 32640} fits into
     * 32767, {@code 255 * (64 + 65)} does not. The next sum is of 32 bits.
     */
    public int largestInt8Weight() {
        return hasInt8() ? Byte.MAX_VALUE : LARGEST_7_BIT_WEIGHT;
    }

    /** Whether products of bf16 and 8-bit integers go by tiles of 16 rows. */
    public boolean hasTiles() {
        return includes(AVX512_CORE_AMX);
    }

    /** The largest known set that is part of the given features. */
    static Isa of(int features) {
        Isa largest = OTHER;
        for (Isa isa : values()) {
            if ((features & isa.features) == isa.features) {
                largest = isa;
            }
        }
        return largest;
    }

    /** What a user wrote, such as {@code avx2} or {@code AVX512_CORE_VNNI}. */
    static Isa parse(String option, String text) {
        try {
            return valueOf(text.strip().toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            String known = Arrays.stream(values())
                    .filter(isa -> isa != OTHER)
                    .map(Isa::name)
                    .collect(Collectors.joining(", "));
            throw new IllegalArgumentException(
                    option + ": no instruction set is called '" + text + "'; there are " + known, e);
        }
    }
}
