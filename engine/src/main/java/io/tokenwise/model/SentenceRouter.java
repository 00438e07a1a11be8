package io.tokenwise.model;

import io.tokenwise.io.JsonFile;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The two ways that texts go through a Router of sentence-transformers, which it called Asym before (sentence_transformers/base/modules/router.py at cad21198). Those that are read have a table for queries and a
 * network for documents: inference-free SPLADE, as OpenSearch's models are published.
 *
 * @param documents the modules that documents go through, as modules.json would have them
 * @param queries the folder of the table
 * @param usual the way of texts of which nothing is said; empty if there is none
 */
record SentenceRouter(List<JsonFile> documents, String queries, Optional<String> usual) {
    static final String FILE = "router_config.json";

    /** What is read. */
    static final String SUPPORTED =
            "a Router alone, with query of one SparseStaticEmbedding and document of a Transformer and a SpladePooling";

    /** The folder of the documents' pooling, as it is written. */
    static final String POOLING = "document_1_" + SentenceModules.SPLADE;

    static final String QUERY = "query";

    private static final Set<String> NAMES = Set.of("Router", "Asym");
    private static final String DOCUMENT = "document";
    private static final String STRUCTURE = "structure";
    private static final String TYPES = "types";
    private static final String PARAMETERS = "parameters";
    private static final String MAPPINGS = "route_mappings";
    private static final String USUAL = "default_route";
    private static final String FIRST = "allow_empty_key";
    private static final String MODELS = "sentence_transformers.sparse_encoder.models.";

    static boolean is(JsonFile module) {
        return NAMES.contains(SentenceModules.type(module));
    }

    /** Reads what a module of modules.json has in its folder. */
    static SentenceRouter read(ModelFolder folder, JsonFile router) throws IOException {
        String own = SentenceModules.path(router);
        // Asym's folder had no other file.
        boolean older = !own.isEmpty() && !folder.has(in(own, FILE));
        JsonFile file = folder.read(in(own, older ? ModelFolder.CONFIG : FILE));
        JsonNode ways = file.root().path(STRUCTURE);
        if (ways.size() != 2
                || ways.path(QUERY).size() != 1
                || ways.path(DOCUMENT).size() != 2) {
            throw file.refuse(STRUCTURE, SUPPORTED);
        }
        JsonFile table = module(file, own, ways.path(QUERY).path(0));
        JsonFile first = module(file, own, ways.path(DOCUMENT).path(0));
        JsonFile last = module(file, own, ways.path(DOCUMENT).path(1));
        boolean known = SentenceModules.type(table).equals(QueryWeights.MODULE)
                && !SentenceModules.path(table).isEmpty()
                && SentenceModules.isTransformer(first)
                && SentenceModules.type(last).equals(SentenceModules.SPLADE);
        if (!known) {
            throw file.refuse(TYPES, SUPPORTED);
        }
        var parameters = new JsonFile(file.file(), file.root().path(PARAMETERS));
        if (!parameters.root().path(MAPPINGS).isEmpty()) {
            throw parameters.refuse(MAPPINGS, "none, the ways by their own names");
        }
        return new SentenceRouter(List.of(first, last), SentenceModules.path(table), usual(parameters, ways));
    }

    /** The one that is named, or else the first, unless the file forbids that. */
    private static Optional<String> usual(JsonFile parameters, JsonNode ways) {
        parameters.supports(USUAL, QUERY, DOCUMENT);
        if (parameters.has(USUAL)) {
            return Optional.of(parameters.root().get(USUAL).stringValue());
        }
        return parameters.flag(FIRST, true) ? ways.propertyNames().stream().findFirst() : Optional.empty();
    }

    /** As modules.json has it; its name here is the folder's in the router's own. */
    private static JsonFile module(JsonFile file, String own, JsonNode named) {
        String name = named.asString("");
        ObjectNode module = JsonNodeFactory.instance.objectNode();
        module.put(SentenceModules.TYPE, file.root().path(TYPES).path(name).asString(""));
        SentenceModules.requireFolder(new JsonFile(file.file(), module.put(SentenceModules.PATH, name)));
        return new JsonFile(file.file(), module.put(SentenceModules.PATH, in(own, name)));
    }

    private static String in(String folder, String name) {
        return folder.isEmpty() || name.isEmpty() ? folder + name : folder + "/" + name;
    }

    /** What is written: as OpenSearch's folders have it, with the Transformer's files in the model's own. */
    static ObjectNode written(Optional<String> usual) {
        ObjectNode file = JsonNodeFactory.instance.objectNode();
        file.putObject(TYPES)
                .put(QueryWeights.FOLDER, className(QueryWeights.MODULE))
                .put("", className(SentenceModules.WORDS))
                .put(POOLING, className(SentenceModules.SPLADE));
        ObjectNode ways = file.putObject(STRUCTURE);
        ways.putArray(QUERY).add(QueryWeights.FOLDER);
        ways.putArray(DOCUMENT).add("").add(POOLING);
        file.putObject(PARAMETERS).put(USUAL, usual.orElse(null)).put(FIRST, usual.isPresent());
        return file;
    }

    private static String className(String module) {
        return MODELS + module + "." + module;
    }
}
