package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.tokenizer.AddedTokens.AddedToken;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.core.JsonParser;

/**
 * What a tokenizer.json says, checked: only the parts that we know are let through.
 *
 * @param kind WordPiece, WordLevel, Unigram, BPE or byte-level BPE
 * @param vocabulary all tokens, indexed by id; null where an id has none
 * @param special ids of tokens that are no text
 * @param added ids of tokens that are found in a text as they stand, special or not
 * @param raw those that are found before the text is normalized
 * @param normalized those that are found afterwards
 * @param normalizers what changes a text
 * @param pieces what cuts it
 * @param wordMark what a piece begins with that begins a word, or, if {@code markContinues}, that goes on with one; empty if pieces do not tell
 * @param trim whether and how places are cut
 * @param decoders from tokens to a text
 */
record TokenizerJson(
        String kind,
        String[] vocabulary,
        BitSet special,
        BitSet added,
        AddedTokens raw,
        AddedTokens normalized,
        List<Normalizer> normalizers,
        Pieces pieces,
        String wordMark,
        boolean markContinues,
        Frame frame,
        Optional<Trim> trim,
        List<Decoder> decoders) {
    /**
     * How places leave out the spaces around tokens, as byte-level tokenizers may ask.
     *
     * @param pieces all tokens by id
     * @param prefixSpace whether a space before the first word is one that the tokenizer put in
     */
    record Trim(String[] pieces, boolean prefixSpace) {
        List<Tokenizer.Place> of(String text, Tokens tokens) {
            Tokens trimmed = Tokens.withPlaces();
            var through = new TrimmedPlaces(text, pieces, prefixSpace, trimmed);
            for (int i = 0; i < tokens.size(); i++) {
                Tokenizer.Place place = tokens.places().get(i);
                String found = tokens.asTheyStand().get(i);
                if (found != null) {
                    through.asItStands(place.id(), found, place.start(), place.end());
                } else {
                    through.token(place.id(), place.start(), place.end());
                }
            }
            return trimmed.places();
        }
    }

    /** As long as a word that is worth looking at; it bounds the time that a text takes. */
    private static final int MOST_CHARACTERS = 10_000;

    private static final String BYTE_SPACE = "\u0120";

    /** @param rows of the model, which knows no tokens from there on */
    static TokenizerJson read(String file, byte[] bytes, int rows) {
        var vocabulary = new Vocabulary(file);
        JsonFile json = JsonFile.parse(
                file, bytes, "model", Map.of("vocab", vocabulary::readPieces, "merges", vocabulary::readMerges));
        if (vocabulary.mergesCameFirst()) {
            JsonFile.parse(
                    file, bytes, "model", Map.of("vocab", JsonParser::skipChildren, "merges", vocabulary::readMerges));
        }
        var model = new JsonFile(file, json.root().path("model"));
        String type = model.root().path("type").asString(untyped(model, vocabulary));
        boolean scores = type.equals("Unigram");
        if (!List.of("WordPiece", "WordLevel", "Unigram", "BPE").contains(type)) {
            throw new BadFileException(
                    file, "model.type is " + type + "; supported: WordPiece, WordLevel, Unigram or BPE");
        }
        if (scores ? !vocabulary.isArray() : !vocabulary.isObject()) {
            throw new BadFileException(
                    file,
                    "model.vocab must be "
                            + (scores ? "an array of pieces and their scores" : "an object of tokens and their ids"));
        }
        return type.equals("WordPiece")
                ? words(json, model, vocabulary, rows)
                : cut(json, model, type, vocabulary, rows);
    }

    /** WordPiece, which cuts and cleans texts itself. */
    private static TokenizerJson words(JsonFile json, JsonFile model, Vocabulary vocabulary, int rows) {
        vocabulary.requireAllIds();
        WordPiece pieces = wordPiece(json, model, vocabulary);
        vocabulary.readAdded(json, rows);
        // WordPiece cleans a text word by word itself, at less cost: only such a token is to be found in the whole.
        boolean whole = vocabulary.added().stream().anyMatch(AddedToken::normalized);
        List<Decoder> decoders = new StepsJson(json).decoders();
        return of(
                json,
                "WordPiece",
                vocabulary,
                whole ? List.of(Normalizers.bert(pieces.cleaning())) : List.of(),
                pieces,
                pieces.prefix(),
                true,
                decoders.isEmpty() ? List.of(Decoder.wordPiece(pieces.prefix(), true)) : decoders);
    }

    /** All others, by the steps that the file has. */
    private static TokenizerJson cut(JsonFile json, JsonFile model, String type, Vocabulary vocabulary, int rows) {
        var steps = new StepsJson(json);
        List<JsonFile> cuts = steps.steps("pre_tokenizer");
        Optional<Stretches.Kind> first = cuts.stream().findFirst().flatMap(TokenizerJson::stretches);
        List<JsonFile> behind = first.isPresent() ? cuts.subList(1, cuts.size()) : cuts;
        boolean byteLevel = type.equals("BPE")
                && behind.stream().anyMatch(step -> StepsJson.type(step).equals("ByteLevel"));
        Pieces parts = switch (type) {
            case "WordLevel" -> wordLevel(steps, behind, model, vocabulary);
            case "Unigram" -> new SentencePieces(steps.splitting(behind), unigram(model, vocabulary));
            default ->
                byteLevel
                        ? bytePieces(json.file(), behind, bpe(model, vocabulary))
                        : new SentencePieces(steps.splitting(behind), bpe(model, vocabulary));
        };
        List<Normalizer> normalizers = steps.normalizers();
        vocabulary.readAdded(json, rows);
        return of(
                json,
                byteLevel ? "byte-level BPE" : type,
                vocabulary,
                normalizers,
                first.<Pieces>map(kind -> new Stretches(kind, parts)).orElse(parts),
                !type.equals("WordLevel")
                                && marksWords(
                                        first.filter(Stretches.Kind::takesWhite).isPresent(), behind)
                        ? byteLevel ? BYTE_SPACE : "\u2581"
                        : "",
                false,
                steps.decoders());
    }

    private static Optional<Stretches.Kind> stretches(JsonFile step) {
        return switch (StepsJson.type(step)) {
            case "WhitespaceSplit" -> Optional.of(Stretches.Kind.WHITE);
            case "Whitespace" -> Optional.of(Stretches.Kind.WORDS);
            case "Punctuation" -> {
                step.supports("behavior", "Isolated");
                yield Optional.of(Stretches.Kind.PUNCTUATION);
            }
            default -> Optional.empty();
        };
    }

    /** Where white space has gone only what a later step puts in marks words. */
    private static boolean marksWords(boolean whiteGone, List<JsonFile> behind) {
        return !whiteGone || !behind.isEmpty() && behind.getLast().flag("add_prefix_space", true);
    }

    /** What older files do not say, as the library finds it out (src/models/mod.rs). */
    private static String untyped(JsonFile model, Vocabulary vocabulary) {
        if (vocabulary.isArray()) {
            return "Unigram";
        }
        if (vocabulary.hasMerges()) {
            return "BPE";
        }
        return model.has("max_input_chars_per_word") ? "WordPiece" : "missing";
    }

    private static TokenizerJson of(
            JsonFile json,
            String kind,
            Vocabulary vocabulary,
            List<Normalizer> normalizers,
            Pieces pieces,
            String wordMark,
            boolean markContinues,
            List<Decoder> decoders) {
        var special = new BitSet();
        var added = new BitSet();
        for (AddedToken token : vocabulary.added()) {
            added.set(token.id());
            special.set(token.id(), token.special());
        }
        FrameJson.Read frame = FrameJson.read(json, vocabulary.all().length);
        Map<Boolean, List<AddedToken>> byTime =
                vocabulary.added().stream().collect(Collectors.partitioningBy(AddedToken::normalized));
        return new TokenizerJson(
                kind,
                vocabulary.all(),
                special,
                added,
                new AddedTokens(json.file(), byTime.get(false)),
                new AddedTokens(
                        json.file(),
                        byTime.get(true).stream()
                                .map(token -> token.normalizedBy(json.file(), normalizers))
                                .toList()),
                normalizers,
                pieces,
                wordMark,
                markContinues,
                frame.frame(),
                frame.trims() ? Optional.of(new Trim(vocabulary.all(), frame.trimsPrefix())) : Optional.empty(),
                decoders);
    }

    private static WordPiece wordPiece(JsonFile json, JsonFile model, Vocabulary vocabulary) {
        List<JsonFile> cuts = new StepsJson(json).steps("pre_tokenizer");
        if (cuts.size() != 1 || !StepsJson.type(cuts.getFirst()).equals("BertPreTokenizer")) {
            throw unsupported(json, "pre_tokenizer", "BertPreTokenizer");
        }
        return new WordPiece(
                json.file(),
                vocabulary.words(),
                unknown(model, vocabulary),
                model.root().path("continuing_subword_prefix").asString("##"),
                model.integer("max_input_chars_per_word", 1, MOST_CHARACTERS, 100),
                cleaning(json));
    }

    /** A BertNormalizer; sentence-transformers saves it behind a Lowercase where texts are to be of small letters. */
    private static WordPiece.Cleaning cleaning(JsonFile json) {
        List<JsonFile> steps = new StepsJson(json).steps("normalizer");
        List<JsonFile> cleaning = steps.stream()
                .filter(step -> StepsJson.type(step).equals("BertNormalizer"))
                .toList();
        boolean small = steps.stream().anyMatch(step -> StepsJson.type(step).equals("Lowercase"));
        if (cleaning.size() != 1 || steps.size() > (small ? 2 : 1)) {
            throw unsupported(json, "normalizer", "BertNormalizer, or Lowercase and BertNormalizer");
        }
        var read = WordPiece.Cleaning.of(cleaning.getFirst());
        return small ? read.ofSmallLetters() : read;
    }

    private static int unknown(JsonFile model, Vocabulary vocabulary) {
        int id = vocabulary.table().find(model.root().path("unk_token").asString(""));
        if (id < 0) {
            throw new BadFileException(model.file(), "model.unk_token is not in model.vocab");
        }
        return id;
    }

    private static WordLevel wordLevel(StepsJson steps, List<JsonFile> behind, JsonFile model, Vocabulary vocabulary) {
        if (!behind.isEmpty()) {
            throw steps.unsupported(
                    "pre_tokenizer", behind.getFirst(), "Whitespace, WhitespaceSplit, Punctuation or none");
        }
        return new WordLevel(vocabulary.table(), unknown(model, vocabulary));
    }

    private static BadFileException unsupported(JsonFile json, String part, String supported) {
        String type = json.root().path(part).path("type").asString("missing");
        return new BadFileException(json.file(), part + ".type is " + type + "; supported: " + supported);
    }

    private static Unigram unigram(JsonFile model, Vocabulary vocabulary) {
        String[] pieces = vocabulary.words();
        return new Unigram(
                model.file(),
                pieces,
                vocabulary.table(),
                vocabulary.scores(),
                new JsonFile(model.file(), model.root()).integer("unk_id", 0, pieces.length - 1),
                model.flag("byte_fallback", false));
    }

    private static Bpe bpe(JsonFile model, Vocabulary vocabulary) {
        for (String field : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            model.supports(field, "");
        }
        if (model.has("dropout") && model.number("dropout", 0, 1) != 0) {
            throw model.refuse("dropout", "0");
        }
        return new Bpe(
                vocabulary.words(),
                vocabulary.table(),
                vocabulary.merges(),
                new Bpe.Options(
                        model.has("unk_token") ? unknown(model, vocabulary) : -1,
                        model.flag("fuse_unk", false),
                        model.flag("byte_fallback", false),
                        model.flag("ignore_merges", false)));
    }

    private static Pieces bytePieces(String file, List<JsonFile> parts, Bpe bpe) {
        JsonFile last = parts.getLast();
        boolean prefixSpace = last.flag("add_prefix_space", true);
        Patterns pattern = last.flag("use_regex", true) ? Patterns.GPT2 : null;
        if (parts.size() == 2 && StepsJson.type(parts.getFirst()).equals("Split") && pattern == null && !prefixSpace) {
            pattern = split(parts.getFirst());
        } else if (parts.size() != 1 || !StepsJson.type(last).equals("ByteLevel")) {
            throw new BadFileException(
                    file,
                    "pre_tokenizer has " + parts.size() + " steps, "
                            + parts.stream().map(StepsJson::type).collect(Collectors.joining(", "))
                            + "; supported: ByteLevel, or Split and ByteLevel without use_regex and"
                            + " add_prefix_space; before them Whitespace, WhitespaceSplit or Punctuation");
        }
        var byteLevel = new ByteLevel(file, bpe, pattern, prefixSpace);
        return byteLevel::encode;
    }

    /** Patterns match all of a text, so removing what is between the matches changes nothing. */
    private static Patterns split(JsonFile step) {
        boolean invert = step.flag("invert", false);
        step.supports("behavior", invert ? "Removed" : "Isolated");
        return Patterns.of(
                step.file(), step.root().path("pattern").path("Regex").asString(""));
    }
}
