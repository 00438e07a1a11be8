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
        writeEndpoints(seeds);
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

    /** Bodies by the path that they are for. */
    private static void writeEndpoints(Seeds seeds) throws IOException {
        SeedFolder endpoints = seeds.of("http-endpoints");
        endpoints.file("openai", bytes("""
                {"/v1/embeddings":{"model":"vectors@0.5","input":["a b","ab"],"encoding_format":"base64","dimensions":24,"user":"u"},
                 "/v1/rerank":{"model":"scores","query":"a","documents":["b",{"text":"a b"}],"top_n":1,"return_documents":true,"budget":"auto"},
                 "/v2/rerank":{"model":"scores@1","query":"a b","documents":["b"],"max_tokens_per_doc":4}}
                """));
        endpoints.file("tei", bytes("""
                {"/embed":{"inputs":["a",[101,1037,102]],"truncate":true,"normalize":true,"prompt_name":null,"dimensions":24},
                 "/embed_all":{"inputs":"a b"},
                 "/similarity":{"inputs":{"source_sentence":"a","sentences":["b","a"]},"parameters":{"truncate":true}},
                 "/tokenize":{"inputs":["a b"],"add_special_tokens":true},
                 "/decode":{"ids":[[101,1037,102]],"skip_special_tokens":true},
                 "/predict":{"inputs":[["a"],["a","b"]],"raw_scores":true,"truncation_direction":"Right","budget":0.25},
                 "/rerank":{"query":"a","texts":["b","a b"],"raw_scores":true,"return_text":true,"truncate":true},
                 "/embed_sparse":{"inputs":["a","b a"],"prompt_name":"query","truncate":true}}
                """));
        endpoints.file("table", bytes("""
                {"/embed_sparse":{"model":"table","inputs":["who wrote it","a"],"prompt_name":"query","truncate":false},
                 "/invocations":{"model":"table","inputs":"who"}}
                """));
        endpoints.file("hub", bytes("""
                {"/":{"inputs":"a"},"/invocations":{"inputs":["a","b"],"model":"classes"}}
                """));
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
