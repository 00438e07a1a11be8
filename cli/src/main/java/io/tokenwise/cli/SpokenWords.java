package io.tokenwise.cli;

import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * The words of an English text as they are spoken, so that texts that differ in writing only are the same: lower case, no punctuation but
 * apostrophes within words ({@code don't}), {@code 21} as {@code twenty one}, {@code 3.5} as {@code three point five}, {@code 2nd} as {@code
 * second}. Numbers are cardinal, also years; with a leading zero, or from a billion on, they are read digit by digit.
 */
final class SpokenWords {
    private static final List<String> ONES = List.of(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
                    .split(" "));
    private static final List<String> TENS =
            List.of("twenty thirty forty fifty sixty seventy eighty ninety".split(" "));

    /** Those that are not made by adding {@code th}. */
    private static final Map<String, String> ORDINALS = Map.of(
            "one", "first", "two", "second", "three", "third", "five", "fifth", "eight", "eighth", "nine", "ninth",
            "twelve", "twelfth");

    private static final int MOST_DIGITS = 9;

    private static final Pattern CURLY_APOSTROPHES = Pattern.compile("[\u2018\u2019\u02bc]");
    private static final Pattern COMMA_IN_NUMBER = Pattern.compile("(?<=[0-9]),(?=[0-9]{3}(?![0-9]))");

    /** A whole part, and decimals or the end of an ordinal. */
    private static final Pattern NUMBER = Pattern.compile("([0-9]+)(?:\\.([0-9]+)|(st|nd|rd|th)\\b)?");

    private static final Pattern NO_WORD =
            Pattern.compile("[^\\p{L}\\p{M}\\p{N}']+|(?<![\\p{L}\\p{M}])'|'(?![\\p{L}\\p{M}])");

    private SpokenWords() {}

    static List<String> of(String text) {
        String plain = Normalizer.normalize(text, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
        plain = CURLY_APOSTROPHES.matcher(plain).replaceAll("'");
        plain = COMMA_IN_NUMBER.matcher(plain).replaceAll("");
        plain = NUMBER.matcher(plain).replaceAll(number -> " " + spoken(number) + " ");
        String words = NO_WORD.matcher(plain).replaceAll(" ").strip();
        return words.isEmpty() ? List.of() : List.of(words.split(" +"));
    }

    private static String spoken(MatchResult number) {
        String whole = number.group(1);
        boolean digitByDigit = whole.length() > MOST_DIGITS || whole.length() > 1 && whole.startsWith("0");
        String words = digitByDigit ? digits(whole) : cardinal(Integer.parseInt(whole));
        if (number.group(2) != null) {
            return words + " point " + digits(number.group(2));
        }
        return number.group(3) == null ? words : ordinal(words);
    }

    private static String digits(String digits) {
        return String.join(" ", digits.chars().mapToObj(d -> ONES.get(d - '0')).toList());
    }

    private static String cardinal(int number) {
        if (number < 20) {
            return ONES.get(number);
        }
        if (number < 100) {
            return TENS.get(number / 10 - 2) + rest(number % 10);
        }
        if (number < 1_000) {
            return ONES.get(number / 100) + " hundred" + rest(number % 100);
        }
        if (number < 1_000_000) {
            return cardinal(number / 1_000) + " thousand" + rest(number % 1_000);
        }
        return cardinal(number / 1_000_000) + " million" + rest(number % 1_000_000);
    }

    private static String rest(int number) {
        return number == 0 ? "" : " " + cardinal(number);
    }

    private static String ordinal(String words) {
        int last = words.lastIndexOf(' ') + 1;
        String word = words.substring(last);
        String regular = word.endsWith("y") ? word.substring(0, word.length() - 1) + "ieth" : word + "th";
        return words.substring(0, last) + ORDINALS.getOrDefault(word, regular);
    }
}
