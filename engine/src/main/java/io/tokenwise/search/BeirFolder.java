package io.tokenwise.search;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.LineFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * A test collection for search in BEIR's layout: {@code corpus.jsonl}, {@code queries.jsonl} and {@code qrels/SPLIT.tsv}. All of it is
 * checked when it is opened; queries and judgements are held then, documents are read again when they are wanted.
 */
public final class BeirFolder {
    private static final String LAYOUT = "a folder of BEIR has corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv";
    private static final List<String> HEADER = List.of("query-id", "corpus-id", "score");

    private final Path corpus;
    private final List<Query> queries;
    private final long documents;

    private BeirFolder(Path corpus, List<Query> queries, long documents) {
        this.corpus = corpus;
        this.queries = queries;
        this.documents = documents;
    }

    /**
     * Something to look for.
     *
     * @param gains how relevant documents are, by id; those that are missing or not above 0 are not relevant
     */
    public record Query(String id, String text, Map<String, Integer> gains) {}

    /** Something to be found; the text begins with its title. */
    public record Document(String id, String text) {}

    /** One line of qrels, for which the line's number is kept to be told if an id is unknown. */
    private record Judgement(String query, String document, int gain, long line) {}

    /**
     * Reads queries and judgements and checks the corpus.
     *
     * @throws BadFileException if a file is absent or no good; the message says where and what would be right
     */
    public static BeirFolder open(Path folder, String split) throws IOException {
        Path corpus = file(folder, "corpus.jsonl");
        Path queryFile = file(folder, "queries.jsonl");
        Path qrels = file(folder, "qrels/" + split + ".tsv");
        List<Judgement> judgements = judgements(qrels);
        List<Query> queries = queries(queryFile, judgements, qrels);
        Set<String> ids = ids(corpus);
        for (Judgement judgement : judgements) {
            if (!ids.contains(judgement.document)) {
                throw LineFile.bad(
                        qrels,
                        judgement.line,
                        "corpus-id " + judgement.document + " is not in " + corpus.getFileName());
            }
        }
        return new BeirFolder(corpus, queries, ids.size());
    }

    private static Path file(Path folder, String name) throws IOException {
        Path file = folder.resolve(name);
        if (Files.isRegularFile(file)) {
            return file;
        }
        if (!Files.isDirectory(folder)) {
            throw new BadFileException(
                    folder.toString(), (Files.exists(folder) ? "is not a folder" : "no such folder") + "; " + LAYOUT);
        }
        String others = name.startsWith("qrels/") ? splits(folder.resolve("qrels")) : "";
        throw new BadFileException(folder.toString(), "has no " + name + others + "; " + LAYOUT);
    }

    private static String splits(Path qrels) throws IOException {
        if (!Files.isDirectory(qrels)) {
            return "";
        }
        try (var files = Files.list(qrels)) {
            String names = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".tsv"))
                    .map(name -> "--split " + name.substring(0, name.length() - ".tsv".length()))
                    .sorted()
                    .collect(Collectors.joining(", "));
            return names.isEmpty() ? "" : " (there is " + names + ")";
        }
    }

    private static List<Judgement> judgements(Path qrels) throws IOException {
        var judgements = new ArrayList<Judgement>();
        var seen = new HashSet<List<String>>();
        try (var lines = new LineFile(qrels)) {
            String header = lines.next();
            if (header == null) {
                throw new BadFileException(
                        qrels.toString(),
                        "is empty; expected lines of query-id, corpus-id, score, and these as header");
            }
            if (!HEADER.equals(List.of(header.split("\t", -1)))) {
                throw lines.bad("must be the header query-id, corpus-id, score, with tabs between");
            }
            for (String line = lines.next(); line != null; line = lines.next()) {
                List<String> fields = List.of(line.split("\t", -1));
                if (fields.size() != HEADER.size()) {
                    throw lines.bad("has " + fields.size() + " columns; expected query-id, corpus-id, score, with tabs"
                            + " between");
                }
                if (!seen.add(fields.subList(0, 2))) {
                    throw lines.bad("judges query " + fields.get(0) + " and document " + fields.get(1) + " again");
                }
                judgements.add(new Judgement(fields.get(0), fields.get(1), gain(lines, fields.get(2)), lines.number()));
            }
        }
        if (judgements.isEmpty()) {
            throw new BadFileException(qrels.toString(), "judges nothing");
        }
        return judgements;
    }

    private static int gain(LineFile lines, String score) {
        try {
            return Integer.parseInt(score.strip());
        } catch (NumberFormatException e) {
            throw lines.bad("the score '" + score + "' is not a whole number");
        }
    }

    /** Those queries of the file that are judged, in its order. */
    private static List<Query> queries(Path file, List<Judgement> judgements, Path qrels) throws IOException {
        Map<String, Map<String, Integer>> gains = new HashMap<>();
        for (Judgement judgement : judgements) {
            gains.computeIfAbsent(judgement.query, _ -> new HashMap<>()).put(judgement.document, judgement.gain);
        }
        var texts = new LinkedHashMap<String, String>();
        try (var lines = new LineFile(file)) {
            for (JsonNode object = lines.nextObject(); object != null; object = lines.nextObject()) {
                String id = lines.name(object, "_id");
                if (texts.put(id, lines.text(object, "text")) != null) {
                    throw lines.bad("the _id " + id + " was there before");
                }
            }
        }
        for (Judgement judgement : judgements) {
            if (!texts.containsKey(judgement.query)) {
                throw LineFile.bad(
                        qrels, judgement.line, "query-id " + judgement.query + " is not in " + file.getFileName());
            }
        }
        return texts.entrySet().stream()
                .filter(query -> gains.containsKey(query.getKey()))
                .map(query -> new Query(query.getKey(), query.getValue(), gains.get(query.getKey())))
                .toList();
    }

    private static Set<String> ids(Path corpus) throws IOException {
        var ids = new HashSet<String>();
        try (var documents = new Documents(corpus)) {
            for (Document document = documents.next(); document != null; document = documents.next()) {
                if (!ids.add(document.id)) {
                    throw documents.lines.bad("the _id " + document.id + " was there before");
                }
            }
        }
        if (ids.isEmpty()) {
            throw new BadFileException(corpus.toString(), "is empty; expected a JSON object with _id and text a line");
        }
        return ids;
    }

    /** The queries that are judged. */
    public List<Query> queries() {
        return queries;
    }

    /** How many documents there are. */
    public long documents() {
        return documents;
    }

    /** Starts to read the documents. */
    public Documents read() throws IOException {
        return new Documents(corpus);
    }

    /** The documents, one after the other. For one thread. */
    public static final class Documents implements AutoCloseable {
        private final LineFile lines;

        private Documents(Path corpus) throws IOException {
            lines = new LineFile(corpus);
        }

        /** The next so many documents, fewer at the end, none after it. */
        public List<Document> next(int most) throws IOException {
            var block = new ArrayList<Document>();
            while (block.size() < most) {
                Document document = next();
                if (document == null) {
                    break;
                }
                block.add(document);
            }
            return block;
        }

        /** Joins title and text as BEIR does. */
        private Document next() throws IOException {
            JsonNode object = lines.nextObject();
            if (object == null) {
                return null;
            }
            JsonNode title = object.path("title");
            String before = title.isMissingNode() || title.isNull() ? "" : lines.text(object, "title") + " ";
            return new Document(lines.name(object, "_id"), (before + lines.text(object, "text")).strip());
        }

        @Override
        public void close() throws IOException {
            lines.close();
        }
    }
}
