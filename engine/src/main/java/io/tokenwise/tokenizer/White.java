package io.tokenwise.tokenizer;

/** Unicode's property White_Space. */
final class White {
    private White() {}

    static boolean is(int c) {
        return switch (c) {
            case ' ', '\t', '\n', 0xB, '\f', '\r', 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000 -> true;
            default -> c >= 0x2000 && c <= 0x200A;
        };
    }
}
