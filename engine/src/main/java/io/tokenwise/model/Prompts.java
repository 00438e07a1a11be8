package io.tokenwise.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a model wants to see before texts, by names: sentence-transformers' prompts.
 *
 * @param byName in the file's order; texts may be empty
 * @param usual the name of what is put before a text of which nothing is said; empty for nothing
 */
public record Prompts(Map<String, String> byName, Optional<String> usual) {
    public static final Prompts NONE = new Prompts(Map.of(), Optional.empty());

    private static final String QUERY = "query";

    /**
     * Names of what is put before texts to be found, in the order in which they are looked for. sentence-transformers has, since its version 5, a document in any case, which is empty where files say nothing, and so
     * finds no other (_default_prompts in sentence_transformers/sentence_transformer/model.py at cad21198); files that name another mean these texts too.
     */
    public static final List<String> PASSAGE = List.of("document", "passage", "corpus");

    /** @throws IllegalArgumentException if there is no prompt of the usual one's name */
    public Prompts {
        byName = Collections.unmodifiableMap(new LinkedHashMap<>(byName));
        if (usual.isPresent() && !byName.containsKey(usual.get())) {
            throw new IllegalArgumentException("there is no prompt " + usual.get());
        }
    }

    /** Of queries and passages alone; either may be empty. */
    public static Prompts of(String query, String passage) {
        if (query.isEmpty() && passage.isEmpty()) {
            return NONE;
        }
        Map<String, String> both = new LinkedHashMap<>();
        both.put(QUERY, query);
        both.put("passage", passage);
        return new Prompts(both, Optional.empty());
    }

    /** Before a text of which nothing is said. */
    public String text() {
        return usual.map(byName::get).orElse("");
    }

    /** Before a search query. Never the usual one: sentence-transformers has a query's of its own, possibly empty. */
    public String query() {
        return byName.getOrDefault(QUERY, "");
    }

    /** Before a text to be found; as little the usual one. */
    public String passage() {
        return PASSAGE.stream()
                .filter(byName::containsKey)
                .findFirst()
                .map(byName::get)
                .orElse("");
    }

    /** Whether a prompt's name is that of texts to be found. */
    public static boolean isPassage(String name) {
        return PASSAGE.contains(name);
    }

    /**
     * The prompt of a name.
     *
     * @param model for the message
     * @throws IllegalArgumentException if there is none
     */
    public String named(String name, String model) {
        String prompt = byName.get(name);
        if (prompt == null) {
            throw new IllegalArgumentException(model + " has no prompt '" + name + "'"
                    + (byName.isEmpty() ? ", nor any other" : "; it has " + String.join(", ", byName.keySet())));
        }
        return prompt;
    }
}
