package io.tokenwise.testdata;

import java.util.ArrayList;
import java.util.Currency;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;

/**
 * Words that people write, in languages of fifteen scripts: what countries, languages and currencies are called in them, as this JDK knows from Unicode's CLDR. Their
 * order is random, so what is made of them are no sentences.
 */
public final class LocaleWords {
    /** Of Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Bengali, Tamil, Thai, Hangul, kana, Han, Georgian, Armenian and Ethiopic letters. */
    private static final List<String> LANGUAGES =
            List.of("de", "vi", "el", "ru", "he", "ar", "hi", "bn", "ta", "th", "ko", "ja", "zh", "ka", "hy", "am");

    private static final String[] AFTER = {" ", " ", " ", " ", " ", ", ", ". ", "; ", " \u2013 ", "? ", " (", ") "};

    private final Random random;
    private final List<List<String>> words = new ArrayList<>();

    /** The same words at every run of a JDK. */
    public LocaleWords(long seed) {
        random = new Random(seed);
        for (String language : LANGUAGES) {
            words.add(new ArrayList<>(words(Locale.of(language))));
        }
    }

    private static Set<String> words(Locale in) {
        var names = new LinkedHashSet<String>();
        for (String country : Locale.getISOCountries()) {
            names.add(Locale.of("", country).getDisplayCountry(in));
        }
        for (String language : Locale.getISOLanguages()) {
            names.add(Locale.of(language).getDisplayLanguage(in));
        }
        Currency.getAvailableCurrencies().stream()
                .map(currency -> currency.getDisplayName(in))
                .sorted()
                .forEach(names::add);
        return names;
    }

    /** So many words, of one language. */
    public String text(int count) {
        List<String> language = words.get(random.nextInt(words.size()));
        var text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(language.get(random.nextInt(language.size())));
            if (random.nextInt(12) == 0) {
                text.append(' ').append(random.nextInt(10_000));
            }
            text.append(AFTER[random.nextInt(AFTER.length)]);
        }
        return text.toString();
    }
}
