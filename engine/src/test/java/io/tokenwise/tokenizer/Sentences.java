package io.tokenwise.tokenizer;

import io.tokenwise.testdata.LocaleWords;
import java.util.List;

/** English as people write it, words of sixteen languages in random order, and random letters of ten scripts, in turn. */
final class Sentences {
    /** How many a test compares. */
    static final int COUNT = Boolean.getBoolean("tokenwise.long") ? 100_000 : 2_000;

    private final List<String> glosses;
    private final LocaleWords words;
    private final TenScripts scripts;
    private int next;

    /** @param glosses WordNet's, which take longer to read than all that a test makes of them */
    Sentences(long seed, List<String> glosses) {
        this.glosses = glosses;
        words = new LocaleWords(seed);
        scripts = new TenScripts(seed);
    }

    String next() {
        int turn = next++;
        return switch (turn % 4) {
            case 0 -> glosses.get((int) (turn * 7L % glosses.size()));
            case 1 -> words.text(1 + turn % 24);
            default -> scripts.sentence();
        };
    }
}
