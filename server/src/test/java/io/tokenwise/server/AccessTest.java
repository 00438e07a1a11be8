package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.ServerOptions.Network;
import io.tokenwise.server.ServerOptions.Tls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who may call, and how it is kept secret. */
class AccessTest {
    private static final String TOKEN = "a-token-of-some-length";

    @TempDir
    private Path folder;

    private static HttpService started(Network network, Optional<BearerTokens> tokens) throws IOException {
        HttpService http = HttpService.of(network, Limits.defaults());
        Route hello = exchange -> CompletableFuture.completedFuture(Reply.text("text/plain", "hello"));
        var routes = new Routes()
                .add("GET", "/hello", ErrorForm.OPENAI, hello)
                .addOpen("GET", "/open", ErrorForm.OPENAI, hello);
        http.listen(routes, Limits.defaults(), tokens, false, request -> {});
        return http;
    }

    private static int status(HttpService http, String path, String authorization) throws IOException {
        try (var client = new RawClient(http.port())) {
            String header = authorization.isEmpty() ? "" : "Authorization: " + authorization + "\r\n";
            return RawClient.status(client.send("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + header + "\r\n")
                    .response());
        }
    }

    @Test
    void withTokensOnlyThoseWhoHaveOneMayCall() throws IOException {
        Path file = Files.writeString(folder.resolve("tokens"), "# two\n" + TOKEN + "\n\nanother-token-of-ours\n");
        HttpService http = started(Network.loopback(0), Optional.of(new BearerTokens(file)));
        try {
            assertThat(status(http, "/hello", "Bearer " + TOKEN)).isEqualTo(200);
            assertThat(status(http, "/hello", "bearer another-token-of-ours")).isEqualTo(200);
            for (String wrong : List.of(
                    "",
                    "Bearer",
                    "Bearer ",
                    "Bearer # two",
                    TOKEN,
                    "Basic " + TOKEN,
                    "Bearer " + TOKEN + "x",
                    "Bearer " + TOKEN.substring(1))) {
                assertThat(status(http, "/hello", wrong)).as(wrong).isEqualTo(401);
            }
            // Nor does it say what is there.
            assertThat(status(http, "/nothing", "")).isEqualTo(401);
            assertThat(status(http, "/open", "")).isEqualTo(200);
        } finally {
            http.close(Duration.ZERO);
        }
    }

    @Test
    void theFileIsReadAgainOnceItHasChanged() throws Exception {
        Path file = Files.writeString(folder.resolve("tokens"), TOKEN + "\n");
        var tokens = new BearerTokens(file);
        assertThat(tokens.allow("Bearer " + TOKEN)).isTrue();
        Files.writeString(file, "another-token-of-ours\n");
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().plusSeconds(5)));
        Thread.sleep(1100);
        assertThat(tokens.allow("Bearer " + TOKEN)).isFalse();
        assertThat(tokens.allow("Bearer another-token-of-ours")).isTrue();
        Files.writeString(file, "short\n");
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().plusSeconds(10)));
        Thread.sleep(1100);
        assertThat(tokens.allow("Bearer another-token-of-ours")).isTrue();
        assertThat(tokens.allow("Bearer short")).isFalse();
    }

    @Test
    void aFileWithoutTokensIsRefused() throws IOException {
        Path empty = Files.writeString(folder.resolve("empty"), "\n# none\n");
        assertThatThrownBy(() -> new BearerTokens(empty)).hasMessageContaining("must have one a line");
        Path brief = Files.writeString(folder.resolve("brief"), "secret\n");
        assertThatThrownBy(() -> new BearerTokens(brief))
                .hasMessageContaining("at least 16")
                .hasMessageNotContaining("secret");
        Path bytes = Files.write(folder.resolve("bytes"), new byte[] {(byte) 0xff, 0});
        assertThatThrownBy(() -> new BearerTokens(bytes))
                .hasMessage("the file of tokens (--token-file) " + bytes
                        + ": is no text in UTF-8, must have one token a line");
    }

    @Test
    void aFileOfTokensThatCannotBeReadIsNamed() {
        assertThatThrownBy(() -> new BearerTokens(folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the file of tokens (--token-file) " + folder
                        + ": is a folder, must be a file with one token a line");
        Path absent = folder.resolve("absent");
        assertThatThrownBy(() -> new BearerTokens(absent))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the file of tokens (--token-file) " + absent
                        + ": is not there, must be a file with one token a line");
    }

    @Test
    void aHostThatIsNotThisMachineIsNamed() {
        for (boolean insecure : List.of(true, false)) {
            var unknown = Network.loopback(0).withHost("no-such-name.invalid").withInsecure(insecure);
            assertThatThrownBy(() -> HttpService.of(unknown, Limits.defaults()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("host no-such-name.invalid has no address: give (--host) 127.0.0.1, 0.0.0.0 for all"
                            + " of this machine's addresses, or one of them");
        }
        var blank = Network.loopback(0).withHost("");
        assertThatThrownBy(() -> HttpService.of(blank, Limits.defaults()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("host '' has no address: give (--host) 127.0.0.1");
        // Of the addresses that are for documents alone (RFC 5737).
        var other = Network.loopback(0).withHost("192.0.2.1").withInsecure(true);
        assertThatThrownBy(() -> HttpService.of(other, Limits.defaults()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("host 192.0.2.1 is no address of this machine: give (--host) 127.0.0.1, 0.0.0.0 for all"
                        + " of this machine's addresses, or one of them");
    }

    @Test
    void theAccessLogSaysWhoAskedForWhatAndNoSecret() throws Exception {
        Path file = Files.writeString(folder.resolve("tokens"), TOKEN + "\n");
        HttpService http = HttpService.of(Network.loopback(0), Limits.defaults());
        var routes = new Routes()
                .add(
                        "GET",
                        "/hello",
                        ErrorForm.OPENAI,
                        exchange -> CompletableFuture.completedFuture(Reply.text("text/plain", "hello")))
                .add("GET", "/computed", ErrorForm.OPENAI, exchange -> {
                    exchange.isFor(new ServedModel.Speech("some model", null));
                    return CompletableFuture.completedFuture(
                            Reply.text("text/plain", "done").with(BudgetAsk.HEADER, "0.5000"));
                });
        PrintStream usual = System.err;
        var log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try {
            http.listen(routes, Limits.defaults(), Optional.of(new BearerTokens(file)), true, request -> {});
            status(http, "/hello?text=private", "Bearer " + TOKEN);
            status(http, "/computed", "Bearer " + TOKEN);
            status(http, "/caf%C3%A9", "Bearer a-wrong-token-of-ours");
            http.close(Duration.ofSeconds(20));
        } finally {
            System.setErr(usual);
        }
        assertThat(log.toString(StandardCharsets.UTF_8))
                .containsPattern("127\\.0\\.0\\.1 GET /hello 200 5 bytes [0-9.]+ ms\\R")
                .containsPattern("GET /computed 200 4 bytes [0-9.]+ ms model some\\?model budget 0\\.5000\\R")
                .containsPattern("GET /caf\\? 401 [0-9]+ bytes")
                .doesNotContain("private", TOKEN, "a-wrong-token");
    }

    @Test
    void strangersNeedATokenOrAWord() throws IOException {
        Network everywhere = Network.loopback(0).withHost("0.0.0.0");
        assertThatThrownBy(() -> HttpService.of(everywhere, Limits.defaults()))
                .hasMessageContaining("--token-file")
                .hasMessageContaining("--insecure");
        var insecure = Network.loopback(0).withHost("0.0.0.0").withInsecure(true);
        HttpService.of(insecure, Limits.defaults()).close(Duration.ZERO);
    }

    @ParameterizedTest
    @EnumSource
    void speaksTls(HttpClient.Version version) throws Exception {
        KeyStore keys = keys();
        Certificate certificate = keys.getCertificate("server");
        Tls tls = pemFiles(keys);
        HttpService http = started(Network.loopback(0).withTls(tls), Optional.empty());
        try (HttpClient client = HttpClient.newBuilder()
                .sslContext(trusting(certificate))
                .version(version)
                .build()) {
            HttpResponse<String> response = client.send(
                    HttpRequest.newBuilder(URI.create("https://localhost:" + http.port() + "/hello"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(response.body()).isEqualTo("hello");
            assertThat(response.version()).isEqualTo(version);
        } finally {
            http.close(Duration.ZERO);
        }
        Path other = pem("other.pem", "RSA PRIVATE KEY", new byte[] {1, 2, 3});
        assertThatThrownBy(() -> HttpService.of(
                        Network.loopback(0).withTls(new Tls(tls.certificates(), other)), Limits.defaults()))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("openssl pkcs8");
        assertThatThrownBy(() ->
                        HttpService.of(Network.loopback(0).withTls(new Tls(tls.key(), tls.key())), Limits.defaults()))
                .isInstanceOf(BadFileException.class);
    }

    @Test
    void aKeyIsFoundAmongOtherBlocksAndMustBeTheCertificates() throws Exception {
        KeyStore keys = keys();
        Tls tls = pemFiles(keys);
        Path all = Files.writeString(
                folder.resolve("all.pem"), Files.readString(tls.certificates()) + Files.readString(tls.key()));
        HttpService.of(Network.loopback(0).withTls(new Tls(all, all)), Limits.defaults())
                .close(Duration.ZERO);
        Files.delete(folder.resolve("keys.p12"));
        Path other = pem(
                "other-key.pem",
                "PRIVATE KEY",
                keys().getKey("server", PASSWORD.toCharArray()).getEncoded());
        assertThatThrownBy(() -> HttpService.of(
                        Network.loopback(0).withTls(new Tls(tls.certificates(), other)), Limits.defaults()))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("another certificate");
        Path binary = Files.write(folder.resolve("key.der"), new byte[] {0x30, (byte) 0x82, 1, 2});
        assertThatThrownBy(() -> HttpService.of(
                        Network.loopback(0).withTls(new Tls(tls.certificates(), binary)), Limits.defaults()))
                .hasMessageContaining("must have a PEM block PRIVATE KEY");
    }

    /** Who leaves politely says so in TLS, which the server sees as bytes before the end. */
    @Test
    void aClientThatLeavesByTlsHasGone() throws Exception {
        KeyStore keys = keys();
        Network network = Network.loopback(0).withTls(pemFiles(keys));
        HttpService http = HttpService.of(network, Limits.defaults());
        var answer = new CompletableFuture<Reply>();
        var asked = new CountDownLatch(1);
        var routes = new Routes().add("GET", "/waits", ErrorForm.OPENAI, exchange -> {
            exchange.cancelWhenGone(answer);
            asked.countDown();
            return answer;
        });
        http.listen(routes, Limits.defaults(), Optional.empty(), false, request -> {});
        try {
            SSLContext context = trusting(keys.getCertificate("server"));
            try (Socket client = context.getSocketFactory().createSocket("127.0.0.1", http.port())) {
                client.getOutputStream()
                        .write("GET /waits HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();
            }
            assertThatThrownBy(() -> answer.get(20, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
        } finally {
            http.close(Duration.ZERO);
        }
    }

    private static final String PASSWORD = "password";

    /** A key and a certificate for localhost, made now: none that lies in a repository is worth anything. */
    private KeyStore keys() throws Exception {
        Path file = folder.resolve("keys.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "server",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "SAN=dns:localhost,ip:127.0.0.1",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        PASSWORD)
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes());
        assertThat(keytool.waitFor()).as(said).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        return keys;
    }

    private Tls pemFiles(KeyStore keys) throws Exception {
        return new Tls(
                pem("chain.pem", "CERTIFICATE", keys.getCertificate("server").getEncoded()),
                pem(
                        "key.pem",
                        "PRIVATE KEY",
                        keys.getKey("server", PASSWORD.toCharArray()).getEncoded()));
    }

    private Path pem(String name, String block, byte[] bytes) throws IOException {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
        return Files.writeString(
                folder.resolve(name), "-----BEGIN " + block + "-----\n" + text + "\n-----END " + block + "-----\n");
    }

    private static SSLContext trusting(Certificate certificate) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("server", certificate);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}
