package io.tokenwise.fuzz.seeds;

import static io.tokenwise.fuzz.seeds.TensorSeeds.bytes;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/** Tables of texts, and what clients send. */
final class TextSeeds {
    private static final byte[] CSV =
            bytes("text,label\n\"A man, who \"\"dances\"\"\",1\nna\u00efve\nlines,no\nthe end,2\n"
                    .replace("na\u00efve\nlines", "\"na\u00efve\nlines\""));
    private static final byte[] TSV = bytes("\ufefftext\tlabel\nA man\t1\n\u4e2d\u6587\t\u00fc\r\nthe end\t2\n");
    private static final byte[] JSONL = bytes("""
        {"text":"A man","label":"yes","more":[1,{"a":null}]}

        {"label":2,"text":"na\\u00efve"}
        """);

    private TextSeeds() {}

    static void write(Seeds seeds) throws IOException {
        seeds.of("csv").file("quoted", CSV);
        seeds.of("tsv").file("marked", TSV);
        seeds.of("jsonl").file("two", JSONL);
        seeds.of("csv-gz").file("quoted", gzipped(CSV));
        seeds.of("jsonl-gz").file("two", gzipped(JSONL));
        seeds.of("beir")
                .folder(
                        "small",
                        Map.of(
                                "corpus.jsonl",
                                bytes("{\"_id\":\"d1\",\"title\":\"T\",\"text\":\"a text\"}\n"
                                        + "{\"_id\":\"d2\",\"title\":\"\",\"text\":\"another\"}\n"),
                                "queries.jsonl",
                                bytes("{\"_id\":\"q1\",\"text\":\"what\"}\n{\"_id\":\"q2\",\"text\":\"where\"}\n"),
                                "qrels/test.tsv",
                                bytes("query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\nq2\td2\t2\n")));
        writeRequests(seeds);
        SeedFolder json = seeds.of("http-json");
        json.file(
                "openai",
                bytes("{\"model\":\"small:0.5\",\"input\":[\"a"
                        + " b\",\"ab\"],\"inputs\":\"a\",\"encoding_format\":\"float\","
                        + "\"dimensions\":4,\"budget\":\"auto\",\"user\":null}"));
        json.file(
                "tei",
                bytes("{\"inputs\":[\"a\",[2,4,3]],\"truncate\":true,\"truncation_direction\":\"left\",\"budget\":0.25,"
                        + "\"ids\":[4,5],\"input\":[[4,5],[2,6,3]]}"));
    }

    private static void writeRequests(Seeds seeds) throws IOException {
        String form = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nsmall\r\n"
                + "--b\r\nContent-Disposition: form-data; name=\"budget\"\r\n\r\n0.5\r\n"
                + "--b\r\nContent-Disposition: form-data; name=\"response_format\"\r\n\r\nverbose_json\r\n"
                + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
                + "Content-Type: audio/wav\r\n\r\nRIFF....\r\n--b--\r\n";
        seeds.of("http-form").file("recording", bytes(form));
        String head = "POST /%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: %s\r\n";
        String json = "{\"inputs\":[\"a\",\"b a\"]}";
        SeedFolder http = seeds.of("http");
        http.file(
                "json",
                bytes(head.formatted("json", "application/json") + "x-tokenwise-deadline-ms: 5000\r\nContent-Length: "
                        + json.length() + "\r\n\r\n" + json));
        http.file(
                "chunked",
                bytes(head.formatted("json", "application/json") + "Transfer-Encoding: chunked\r\n\r\n"
                        + Integer.toHexString(json.length()) + "\r\n" + json + "\r\n0\r\n\r\n"));
        http.file(
                "form",
                bytes(head.formatted("form", "multipart/form-data; boundary=b") + "Content-Length: " + form.length()
                        + "\r\n\r\n" + form));
    }

    static byte[] gzipped(byte[] plain) {
        var packed = new ByteArrayOutputStream();
        try (var out = new GZIPOutputStream(packed)) {
            out.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }
}
