package io.tokenwise.server;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One tab of a headless Chromium, driven by its DevTools protocol: types and clicks as a user does, and notes what the page loads and complains about. */
final class Chromium implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final JsonMapper JSON = new JsonMapper();

    private final Process process;
    private final Path profile;
    private final HttpClient http = HttpClient.newHttpClient();
    private final WebSocket socket;
    private final String session;
    private final AtomicInteger ids = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<String> complaints = new CopyOnWriteArrayList<>();

    /** The browser, if there is one on the path. */
    static Optional<Path> program() {
        return Stream.of("chromium", "chromium-browser", "google-chrome")
                .flatMap(name -> Arrays.stream(System.getenv("PATH").split(":")).map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    Chromium(Path program) throws IOException, InterruptedException {
        profile = Files.createTempDirectory("tokenwise-chromium");
        List<String> command = List.of(
                program.toString(),
                "--headless=new",
                // The test may run as root, in a container with little shared memory and no network.
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank");
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(profile.resolve("log").toFile())
                .start();
        try {
            socket = http.newWebSocketBuilder()
                    .buildAsync(devTools(), new Listener())
                    .join();
            String target = send(null, "Target.createTarget", Map.of("url", "about:blank"))
                    .get("targetId")
                    .asString();
            session = send(null, "Target.attachToTarget", Map.of("targetId", target, "flatten", true))
                    .get("sessionId")
                    .asString();
            for (String domain : List.of("Page", "Runtime", "Log", "Network", "DOM")) {
                send(domain + ".enable", Map.of());
            }
        } catch (Throwable e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** Written once it listens. */
    private URI devTools() throws IOException, InterruptedException {
        Path port = profile.resolve("DevToolsActivePort");
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < end && process.isAlive()) {
            if (Files.exists(port)) {
                List<String> lines = Files.readAllLines(port);
                if (lines.size() == 2) {
                    return URI.create("ws://127.0.0.1:" + lines.get(0) + lines.get(1));
                }
            }
            Thread.sleep(20);
        }
        throw new IOException("chromium does not start: " + Files.readString(profile.resolve("log")));
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder message = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            message.append(data);
            if (last) {
                receive(JSON.readTree(message.toString()));
                message.setLength(0);
            }
            from.request(1);
            return null;
        }
    }

    private void receive(JsonNode message) {
        if (message.has("id")) {
            waiting.remove(message.get("id").asInt()).complete(message);
            return;
        }
        JsonNode event = message.get("params");
        switch (message.get("method").asString()) {
            case "Network.requestWillBeSent" ->
                requests.add(event.get("request").get("url").asString());
            case "Runtime.exceptionThrown" ->
                complaints.add(event.get("exceptionDetails").toString());
            case "Runtime.consoleAPICalled", "Log.entryAdded" -> complaints.add(event.toString());
            default -> {}
        }
    }

    /** Calls a method of the protocol on the tab, and waits for what it gives. */
    JsonNode send(String method, Map<String, ?> parameters) {
        return send(session, method, parameters);
    }

    private JsonNode send(String to, String method, Map<String, ?> parameters) {
        int id = ids.incrementAndGet();
        var answer = new CompletableFuture<JsonNode>();
        waiting.put(id, answer);
        var message = new HashMap<String, Object>(Map.of("id", id, "method", method, "params", parameters));
        if (to != null) {
            message.put("sessionId", to);
        }
        socket.sendText(JSON.writeValueAsString(message), true).join();
        JsonNode got = answer.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
        if (got.has("error")) {
            throw new IllegalStateException(method + ": " + got.get("error"));
        }
        return got.get("result");
    }

    void size(int width, int height) {
        send(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
    }

    void prefer(String feature, String value) {
        send("Emulation.setEmulatedMedia", Map.of("features", List.of(Map.of("name", feature, "value", value))));
    }

    /** Goes to an address and waits until an expression of the page holds. */
    void open(String address, String ready) throws InterruptedException {
        send("Page.navigate", Map.of("url", address));
        await(ready);
    }

    /** The value of an expression. */
    JsonNode evaluate(String expression) {
        JsonNode result =
                send("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
        if (result.has("exceptionDetails")) {
            throw new IllegalStateException(expression + ": " + result.get("exceptionDetails"));
        }
        return result.get("result").path("value");
    }

    /** The text of the first element that a selector finds. */
    String text(String selector) {
        return evaluate("document.querySelector('" + selector + "').textContent")
                .asString();
    }

    /** Waits until an expression holds. One that fails does not, as of elements that a page has not loaded yet, or of a page that is just being left. */
    void await(String expression) throws InterruptedException {
        String safely = "(() => { try { return Boolean(" + expression + ") } catch { return false } })()";
        String refused = "";
        for (long end = System.nanoTime() + PATIENCE.toNanos(); System.nanoTime() < end; Thread.sleep(20)) {
            try {
                if (evaluate(safely).asBoolean()) {
                    return;
                }
            } catch (IllegalStateException e) {
                refused = "; was refused: " + e.getMessage();
            }
        }
        throw new AssertionError(expression + " never holds" + refused + "; the page says: " + text("body")
                + "; complaints: " + complaints);
    }

    /** Presses and releases a key, such as {@code Tab} of code 9. */
    void key(String key, int code) {
        for (String type : List.of("keyDown", "keyUp")) {
            String text = type.equals("keyDown") && key.equals("Enter") ? "\r" : "";
            send(
                    "Input.dispatchKeyEvent",
                    Map.of("type", type, "key", key, "code", key, "windowsVirtualKeyCode", code, "text", text));
        }
    }

    /** Types into what has the focus. */
    void type(String text) {
        send("Input.insertText", Map.of("text", text));
    }

    /** Chooses a file in the file input that a selector finds. */
    void choose(String selector, Path file) {
        JsonNode root = send("DOM.getDocument", Map.of());
        JsonNode node = send(
                "DOM.querySelector",
                Map.of("nodeId", root.get("root").get("nodeId").asInt(), "selector", selector));
        send("DOM.setFileInputFiles", Map.of("nodeId", node.get("nodeId").asInt(), "files", List.of(file.toString())));
    }

    /** A picture of all of the page. */
    void screenshot(Path png) throws IOException {
        JsonNode shot = send("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", true));
        Files.write(png, Base64.getDecoder().decode(shot.get("data").asString()));
    }

    /** Addresses of all that was asked for. */
    List<String> requests() {
        return requests;
    }

    /** What was logged, thrown, or refused by the content security policy. */
    List<String> complaints() {
        return complaints;
    }

    @Override
    public void close() throws IOException {
        socket.abort();
        http.close();
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().onExit().join();
        deleteProfile();
    }

    /** A process of the browser that ends late may still write. */
    private void deleteProfile() throws IOException {
        try (Stream<Path> files = Files.walk(profile)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }
}
