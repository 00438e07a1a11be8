package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The letters that a model with CTC (Graves et al. 2006) tells from each other in each frame, with the blank that stands between them: Hugging Face's
 * Wav2Vec2CTCTokenizer, or sounds, its Wav2Vec2PhonemeCTCTokenizer, in {@value #FILE} and the files beside it. Immutable and thread-safe.
 */
public final class CtcVocabulary implements SpeechVocabulary {
    public static final String FILE = "vocab.json";

    private static final String ADDED = "added_tokens.json";
    private static final String CONFIG = "tokenizer_config.json";
    private static final String SPECIAL = "special_tokens_map.json";

    private static final String DECODER = "added_tokens_decoder";

    /** All that are read, {@value #FILE} must be there. */
    public static final List<String> FILES = List.of(FILE, ADDED, CONFIG, SPECIAL);

    private static final String PAD = "<pad>";
    private static final String UNKNOWN = "<unk>";
    private static final String DELIMITER = "|";

    /** Of models that write sounds (facebook/wav2vec2-lv-60-espeak-cv-ft): a space stands between all tokens, and none for a space. */
    private static final String PHONEMES = "Wav2Vec2PhonemeCTCTokenizer";

    private static final String CLASS = "tokenizer_class";
    private static final String DELIMITER_SETTING = "word_delimiter_token";

    /** Far above every published vocabulary of letters, or of a Chinese model's characters. */
    private static final int MOST_TOKENS = 1 << 17;

    /** Of a token, which each frame may write: a letter, a sound's name or a piece of a word has far fewer. */
    private static final int MOST_CHARS = 1 << 10;

    /** No id has more digits, {@value #MOST_TOKENS} being above all. */
    private static final Pattern ID = Pattern.compile("0|[1-9][0-9]{0,5}");

    /** By what is written: a space, not what stands for it. */
    private final Map<String, Integer> ids;

    /** What a token adds to the text. */
    private final String[] texts;

    private final int blank;
    private final Map<String, byte[]> files;

    private CtcVocabulary(Map<String, Integer> ids, String[] texts, int blank, Map<String, byte[]> files) {
        this.ids = ids;
        this.texts = texts;
        this.blank = blank;
        this.files = files;
    }

    /**
     * Parses those of {@link #FILES} that a folder has, which are not copied.
     *
     * @param file what messages call a file of that name
     * @param files by their names
     * @param size how many the model's head tells from each other
     * @throws BadFileException if they are bad, or no such vocabulary
     */
    public static CtcVocabulary parse(UnaryOperator<String> file, Map<String, byte[]> files, int size) {
        if (!files.containsKey(FILE)) {
            throw new BadFileException(file.apply(FILE), "no such file");
        }
        List<JsonFile> settings = List.of(CONFIG, SPECIAL).stream()
                .map(name -> JsonFile.parse(file.apply(name), files.getOrDefault(name, new byte[] {'{', '}'})))
                .toList();
        settings.getFirst().supports(CLASS, "Wav2Vec2CTCTokenizer", "Wav2Vec2Tokenizer", PHONEMES);
        var vocabulary = JsonFile.parse(file.apply(FILE), files.get(FILE));
        var tokens = new String[size];
        put(vocabulary, tokens, false);
        if (files.containsKey(ADDED)) {
            put(JsonFile.parse(file.apply(ADDED), files.get(ADDED)), tokens, true);
        }
        putAdded(settings.getFirst(), tokens);
        for (int id = 0; id < size; id++) {
            if (tokens[id] == null) {
                throw new BadFileException(
                        vocabulary.file(), "has no token " + id + "; the model's head has " + size + " outputs");
            }
        }
        Map<String, Integer> ids = ids(vocabulary.file(), tokens);
        Integer space = ids.remove(delimiter(settings));
        if (space != null) {
            ids.put(" ", space);
        }
        return new CtcVocabulary(
                ids,
                texts(tokens, settings),
                blank(vocabulary.file(), tokens, setting(settings, "pad_token", PAD)),
                Map.copyOf(files));
    }

    /**
     * A vocabulary of these letters, in their order, behind the blank, the token for what is none of them, and that for a space.
     *
     * @param texts that are to be written by it, their spaces included
     * @throws IllegalArgumentException if one has what stands for a space
     */
    public static CtcVocabulary of(Collection<String> texts) {
        var letters = new TreeSet<Integer>();
        texts.forEach(text -> text.codePoints().forEach(letters::add));
        letters.remove((int) ' ');
        ObjectNode tokens = JsonNodeFactory.instance
                .objectNode()
                .put(PAD, 0)
                .put(UNKNOWN, 1)
                .put(DELIMITER, 2);
        for (int letter : letters) {
            String text = Character.toString(letter);
            if (tokens.has(text)) {
                throw new IllegalArgumentException("a text has a " + text + ", which stands for a space: leave it out");
            }
            tokens.put(text, tokens.size());
        }
        ObjectNode config = JsonNodeFactory.instance
                .objectNode()
                .put(CLASS, "Wav2Vec2CTCTokenizer")
                .put("pad_token", PAD)
                .put("unk_token", UNKNOWN)
                .put(DELIMITER_SETTING, DELIMITER)
                .put("do_lower_case", false);
        Map<String, byte[]> files = Map.of(FILE, JsonFile.format(tokens), CONFIG, JsonFile.format(config));
        return parse(name -> name, files, tokens.size());
    }

    private static void put(JsonFile from, String[] tokens, boolean added) {
        for (Map.Entry<String, JsonNode> entry : from.root().properties()) {
            requireLength(from.file(), entry.getKey());
            JsonNode id = entry.getValue();
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0 || id.intValue() > MOST_TOKENS) {
                throw from.refuse(entry.getKey(), "a token's id, from 0 to " + MOST_TOKENS);
            }
            put(from.file(), entry.getKey(), id.intValue(), tokens, added);
        }
    }

    /** As transformers 5 saves them, by their ids, in place of a file of their own. */
    private static void putAdded(JsonFile config, String[] tokens) {
        if (!config.has(DECODER)) {
            return;
        }
        var added = new JsonFile(config.file(), config.root().get(DECODER));
        if (!added.root().isObject()) {
            throw config.refuse(DECODER, "an object of ids and tokens");
        }
        for (Map.Entry<String, JsonNode> entry : added.root().properties()) {
            JsonNode text = entry.getValue().path("content");
            if (!ID.matcher(entry.getKey()).matches() || !text.isString()) {
                throw new BadFileException(
                        added.file(),
                        DECODER + " has " + shown(entry.getKey()) + ": "
                                + shown(entry.getValue().toString())
                                + "; must have ids, from 0, and objects with a string content");
            }
            requireLength(added.file(), text.stringValue());
            put(added.file(), text.stringValue(), Integer.parseInt(entry.getKey()), tokens, true);
        }
    }

    private static void requireLength(String file, String token) {
        if (token.length() > MOST_CHARS) {
            throw new BadFileException(
                    file, "token " + shown(token) + " has " + token.length() + " chars; it may have " + MOST_CHARS);
        }
    }

    /** Added tokens that no output stands for are never written: transformers adds a begin and an end to vocabularies of models that have neither. */
    private static void put(String file, String token, int id, String[] tokens, boolean added) {
        if (id >= tokens.length) {
            if (added) {
                return;
            }
            throw new BadFileException(
                    file,
                    "token " + shown(token) + " has id " + id + "; the model's head has " + tokens.length + " outputs");
        }
        if (tokens[id] != null && !tokens[id].equals(token)) {
            throw new BadFileException(
                    file, "tokens " + shown(tokens[id]) + " and " + shown(token) + " both have id " + id);
        }
        tokens[id] = token;
    }

    private static Map<String, Integer> ids(String file, String[] tokens) {
        Map<String, Integer> ids = HashMap.newHashMap(tokens.length);
        for (int id = 0; id < tokens.length; id++) {
            Integer other = ids.put(tokens[id], id);
            if (other != null) {
                throw new BadFileException(file, "token " + shown(tokens[id]) + " has the ids " + other + " and " + id);
            }
        }
        return ids;
    }

    private static int blank(String file, String[] tokens, String pad) {
        int blank = Arrays.asList(tokens).indexOf(pad);
        if (blank < 0) {
            throw new BadFileException(file, "has no token " + shown(pad) + ", the blank of CTC");
        }
        return blank;
    }

    private static String[] texts(String[] tokens, List<JsonFile> settings) {
        List<String> silent = List.of(
                setting(settings, "pad_token", PAD),
                setting(settings, "unk_token", UNKNOWN),
                setting(settings, "bos_token", "<s>"),
                setting(settings, "eos_token", "</s>"));
        String delimiter = delimiter(settings);
        boolean phonemes = arePhonemes(settings);
        String space = phonemes ? "" : setting(settings, "replace_word_delimiter_char", " ");
        boolean lower = settings.getFirst().flag("do_lower_case", false);
        var texts = new String[tokens.length];
        for (int id = 0; id < texts.length; id++) {
            String token = tokens[id];
            if (token.equals(delimiter)) {
                texts[id] = space;
            } else if (silent.contains(token)) {
                texts[id] = "";
            } else {
                texts[id] = phonemes ? token + " " : lower ? token.toLowerCase(Locale.ROOT) : token;
            }
        }
        return texts;
    }

    private static boolean arePhonemes(List<JsonFile> settings) {
        return settings.getFirst().root().path(CLASS).asString("").equals(PHONEMES);
    }

    /** The token that stands between words; "", which is none, where nothing does. */
    private static String delimiter(List<JsonFile> settings) {
        return setting(settings, DELIMITER_SETTING, arePhonemes(settings) ? "" : DELIMITER);
    }

    /** What the first of the files says that says something; a token may be an object with its text. */
    private static String setting(List<JsonFile> settings, String field, String absent) {
        for (JsonFile file : settings) {
            if (file.has(field)) {
                JsonNode value = file.root().get(field);
                JsonNode text = value.isObject() ? value.path("content") : value;
                if (!text.isString()) {
                    throw file.refuse(field, "a string, or an object with a string content");
                }
                if (text.stringValue().length() > MOST_CHARS) {
                    throw file.refuse(field, "a string of at most " + MOST_CHARS + " chars");
                }
                return text.stringValue();
            }
        }
        return absent;
    }

    private static String shown(String token) {
        return token.length() > 60 ? token.substring(0, 60) + "..." : token;
    }

    /** The token that stands between two letters that are the same, and where nothing is said. */
    public int blank() {
        return blank;
    }

    @Override
    public int size() {
        return texts.length;
    }

    /** The text of letters; the space before and after it is left out, as are blanks and other tokens that stand for no text. */
    @Override
    public String decode(int... tokens) {
        var text = new StringBuilder();
        for (int id : tokens) {
            if (id < 0 || id >= texts.length) {
                throw new IllegalArgumentException(
                        "decode: token " + id + ", ids here go from 0 to " + (texts.length - 1));
            }
            text.append(texts[id]);
        }
        return text.toString().strip();
    }

    /**
     * The letters of a text.
     *
     * @throws IllegalArgumentException if one is not in the vocabulary
     */
    public int[] encode(String text) {
        return text.codePoints()
                .map(letter -> {
                    Integer id = ids.get(Character.toString(letter));
                    if (id == null) {
                        throw new IllegalArgumentException(
                                "the vocabulary has no " + (letter == ' ' ? "space" : Character.toString(letter)));
                    }
                    return id;
                })
                .toArray();
    }

    @Override
    public Map<String, byte[]> files() {
        return new LinkedHashMap<>(files);
    }
}
