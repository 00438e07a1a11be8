package io.tokenwise.server;

import io.tokenwise.serving.RequestQueue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** {@code GET /}: the page. It needs no token, as it says nothing; what it asks for does. Browsers are told that it loads nothing else. */
final class PageRoute implements Route {
    private final Reply reply;

    private PageRoute() {
        String page = page();
        reply = new Reply(
                200,
                "text/html; charset=utf-8",
                page.getBytes(StandardCharsets.UTF_8),
                Map.of(
                        "content-security-policy", policy(page),
                        "x-content-type-options", "nosniff",
                        "referrer-policy", "no-referrer",
                        "cache-control", "no-cache"));
    }

    /** The page, and what it asks for. */
    static void add(Routes routes, ServedModels models, RequestQueue queue, ImageDecoding decoding) {
        var lanes = new PageLanes(models, queue);
        routes.addOpen("GET", "/", ErrorForm.OPENAI, new PageRoute())
                .add("GET", "/page/state", ErrorForm.OPENAI, new PageStateRoute(models, queue))
                .add("POST", "/page/text", ErrorForm.OPENAI, new PageTextRoute(models, lanes))
                .add("POST", "/page/image", ErrorForm.OPENAI, new PageImageRoute(models, lanes, decoding));
    }

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        return CompletableFuture.completedFuture(reply);
    }

    /** The style and the script are allowed by what they hash to: no others run, not even ones that slip into the page. */
    private static String policy(String page) {
        return "default-src 'none'; style-src '" + hash(page, "style") + "'; script-src '" + hash(page, "script")
                + "'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    private static String hash(String page, String tag) {
        int from = page.indexOf("<" + tag + ">") + tag.length() + 2;
        byte[] content = page.substring(from, page.indexOf("</" + tag + ">")).getBytes(StandardCharsets.UTF_8);
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(content);
            return "sha256-" + Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static String page() {
        try (var in = PageRoute.class.getResourceAsStream("page.html")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("page.html cannot be read", e);
        }
    }
}
