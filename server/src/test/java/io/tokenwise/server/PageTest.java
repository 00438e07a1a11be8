package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.serving.QueueOptions;
import io.tokenwise.serving.RequestQueue;
import io.tokenwise.testmodels.NoiseWav;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The page in a headless Chromium, with a text, an image and a speech model behind it; skipped where there is no Chromium on the path. */
@ExtendWith(SharedServer.class)
class PageTest {
    private static final String SHADED = "document.querySelectorAll(\"#tokens li\").length > 5";
    private static final int TAB = 9;
    private static final int LEFT = 37;
    private static final int ENTER = 13;
    private static final int END = 35;
    private static final int HOME = 36;

    @TempDir
    private static Path folder;

    private static SharedServer.Running server;
    private static Chromium chromium;

    @BeforeAll
    static void start(SharedServer.Running running) throws Exception {
        Path program = Chromium.program().orElseGet(() -> Assumptions.abort("there is no chromium on the PATH"));
        server = running;
        chromium = new Chromium(program);
    }

    @AfterAll
    static void stop() throws IOException {
        if (chromium != null) {
            chromium.close();
        }
    }

    @BeforeEach
    void open() throws InterruptedException {
        chromium.size(1280, 800);
        chromium.requests().clear();
        chromium.open(address(), SHADED);
    }

    /** Whatever a test did. */
    @AfterEach
    void loadsNothingElseAndComplainsOfNothing() {
        assertThat(chromium.complaints()).isEmpty();
        assertThat(chromium.requests()).isNotEmpty().allMatch(url -> url.startsWith(address()) || url.equals("data:,"));
    }

    private static String address() {
        return "http://127.0.0.1:" + server.port() + "/";
    }

    @Test
    void shadesTokensAndComparesAsOneTypes() throws Exception {
        chromium.evaluate("document.querySelector('#text').select(), document.querySelector('#text').focus()");
        chromium.type("<b>Bills</b> & debts are paid on the first day of every month.");
        chromium.await("document.querySelector('#tokens').textContent.includes('debts')");
        chromium.evaluate("document.querySelector('#budget').focus()");
        chromium.key("Home", HOME);
        chromium.await("document.querySelector('#status').textContent.startsWith('Budget 0.10: ')");

        assertThat(chromium.evaluate("document.querySelectorAll('#tokens b').length")
                        .asInt())
                .isZero();
        assertThat(chromium.text("#tokens")).contains("<", "bills");
        assertThat(chromium.evaluate("document.querySelectorAll('#tokens li.leaves').length")
                        .asInt())
                .isPositive();
        assertThat(chromium.text("#time")).matches("\\d+(\\.\\d\\d)? ms");
        assertThat(chromium.text("#spent")).matches("\\d+ %");
        assertThat(chromium.text("#stay")).matches("\\d+ of \\d\\d");
        assertThat(Double.parseDouble(chromium.text("#cosine"))).isLessThan(0.99);
        assertThat(chromium.text("#others small")).matches("-?0\\.\\d{3}, full -?0\\.\\d{3}");
    }

    @Test
    void theBudgetMovesByKeysAndAtFullBudgetAllStay() throws Exception {
        chromium.evaluate("document.querySelector('#budget').focus()");
        chromium.key("ArrowLeft", LEFT);
        chromium.await("document.querySelector('#budget-value').textContent === '0.35'");
        chromium.key("End", END);
        chromium.await("document.querySelector('#spent').textContent === '100 %'");

        assertThat(chromium.evaluate("document.querySelectorAll('#tokens li.leaves').length")
                        .asInt())
                .isZero();
        assertThat(chromium.text("#budget-value")).isEqualTo("1.00");
        assertThat(chromium.text("#cosine")).isEqualTo("1.000");
        assertThat(chromium.text("#narrow")).isEqualTo("all layers whole");
    }

    @Test
    void everyControlIsReachedByTabAndHasAName() throws Exception {
        chromium.evaluate("document.activeElement.blur()");
        var names = new StringBuilder();
        for (int i = 0; i < 14; i++) {
            chromium.key("Tab", TAB);
            names.append(chromium.evaluate(
                            "((e) => (e.labels?.[0]?.textContent ?? e.getAttribute('aria-label') ?? e.textContent) + '/'"
                                    + " + getComputedStyle(e).outlineStyle)(document.activeElement)")
                    .asString());
            names.append('\n');
        }
        assertThat(names.toString())
                .contains(
                        "Model/solid", "Budget/solid", "Text/solid", "Add a text/solid", "A text to compare with/solid")
                .contains("Remove this text/solid", "drop it on the page/solid");
    }

    @Test
    void textsToCompareComeAndGo() throws Exception {
        chromium.evaluate("document.querySelector('#add').click()");
        chromium.type("Paid invoices.");
        chromium.await("[...document.querySelectorAll('#others small')].filter(e => e.textContent).length === 4");
        chromium.evaluate("document.querySelector('#others button').click()");

        assertThat(chromium.evaluate("document.querySelectorAll('#others li').length")
                        .asInt())
                .isEqualTo(3);
        assertThat(chromium.evaluate("document.activeElement.getAttribute('aria-label')")
                        .asString())
                .isEqualTo("Remove this text");
    }

    @Test
    void showsAnImageWithItsClassesAndPatches() throws Exception {
        chromium.choose("#file", image());
        chromium.await("document.querySelectorAll('#classes li').length === 5");

        assertThat(chromium.text("#seen-note"))
                .matches("\\d+ of \\d+ patches stay, .* ms \\(full budget .* ms, \\w+\\)");
        assertThat(chromium.evaluate("document.querySelector('#picture').width").asInt())
                .isEqualTo(32);
        assertThat(chromium.evaluate("[...document.querySelector('#picture').getContext('2d')"
                                + ".getImageData(0, 0, 32, 32).data].some(v => v > 0 && v < 60)")
                        .asBoolean())
                .isTrue();
    }

    @Test
    void hearsARecordingAndSaysWhenItIsNone() throws Exception {
        chromium.choose("#file", Files.write(folder.resolve("said.wav"), NoiseWav.bursts(2)));
        chromium.await("document.querySelectorAll('#heard li').length === 2");
        assertThat(chromium.text("#heard-note")).startsWith("5.0 s of sound in");

        chromium.choose("#file", Files.writeString(folder.resolve("none.wav"), "This is no sound."));
        chromium.await("document.querySelector('#trouble').textContent.startsWith('file: ')");
        // The browser itself notes every answer that is an error.
        assertThat(chromium.complaints()).hasSize(1).first().asString().contains("400");
        chromium.complaints().clear();
        assertThat(chromium.evaluate("document.querySelector('#heard').hidden").asBoolean())
                .as("what the other file said")
                .isTrue();
    }

    /** As a network does that answers late, or never. */
    private static void answerFrom(String path, String javascript) {
        chromium.evaluate("window.asked = 0; window.fetch = ((real) => (path, options) => path.startsWith('" + path
                + "') ? (window.asked++, " + javascript + ") : real(path, options))(window.fetch)");
    }

    @Test
    void aServerThatAnswersLateIsShownNonetheless() throws Exception {
        answerFrom("/page/state", "new Promise(done => setTimeout(done, 1500)).then(() => real(path, options))");
        chromium.await("window.asked === 1");
        chromium.evaluate("document.querySelector('#load').textContent = ''");
        chromium.await("document.querySelector('#load').textContent.includes(' answered, ')");
    }

    @Test
    void aRecordingThatIsAskedForAgainIsListenedTo() throws Exception {
        answerFrom(
                "/v1/audio/transcriptions",
                "new Promise((_, no) => options.signal.addEventListener('abort', () => no(new DOMException('', 'AbortError'))))");
        chromium.choose("#file", Files.write(folder.resolve("said.wav"), NoiseWav.bursts(1)));
        chromium.await("window.asked === 1");
        chromium.evaluate("document.querySelector('#budget').focus()");
        chromium.key("ArrowLeft", LEFT);
        chromium.await("window.asked === 2");

        assertThat(chromium.text("#heard-note")).startsWith("Listening");
    }

    @Test
    void anAnswerIsShownBesideTheTextsThatItIsOf() throws Exception {
        answerFrom("/page/text", "new Promise(done => { window.answer = done; })");
        chromium.evaluate("""
                window.shown = askText();
                document.querySelector('#others li').remove();
                window.answer(Response.json({ budget: 1, learners: true, tokens: [], narrowLayers: 0, layers: 6,
                    truncated: false, spentTime: 1, spentFlops: 1, millis: 1, fullMillis: 1, cosine: 1,
                    others: [0.1, 0.2, 0.3].map(cosine => ({ cosine, fullCosine: cosine })) }));
                window.shown""");

        assertThat(chromium.text("#others small")).isEqualTo("0.200, full 0.200");
    }

    @Test
    void aNetworkThatFailsIsToldFromAMistakeOfThePage() throws Exception {
        answerFrom("/page/text", "Promise.reject(new TypeError('Failed to fetch'))");
        chromium.evaluate("askText()");
        assertThat(chromium.text("#trouble")).isEqualTo("The server cannot be reached.");

        chromium.evaluate("trouble(new TypeError('x is not a function'))");
        assertThat(chromium.text("#trouble")).isEqualTo("x is not a function");
    }

    /** By the figures of the Web Content Accessibility Guidelines, which ask for 4.5. */
    @Test
    void tokensOfEveryShadeCanBeReadInLightAndDark() {
        for (String scheme : new String[] {"light", "dark"}) {
            chromium.prefer("prefers-color-scheme", scheme);
            assertThat(chromium.evaluate("""
                    (() => {
                      const pixel = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
                      const light = color => {
                        pixel.fillStyle = color;
                        pixel.fillRect(0, 0, 1, 1);
                        const [r, g, b] = [...pixel.getImageData(0, 0, 1, 1).data].map(v => v / 255)
                            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                      };
                      let least = 21;
                      for (let share = 1; share <= 100; share++) {
                        const item = tokenOf({ text: 'a', share: share / 100, special: false }, undefined, true);
                        byId('tokens').append(item);
                        const style = getComputedStyle(item);
                        const lights = [light(style.color), light(style.backgroundColor)];
                        least = Math.min(least, (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05));
                        item.remove();
                      }
                      return least;
                    })()""").asDouble()).as(scheme).isGreaterThan(4.4);
        }
        chromium.prefer("prefers-color-scheme", "light");
    }

    @Test
    void showsWhatTheQueueDoes() throws Exception {
        chromium.await("document.querySelector('#load').textContent.includes(' answered, ')");
        assertThat(chromium.text("#control")).isEqualTo("auto");
        // What another test has left may still run.
        chromium.await("document.querySelector('#dial').textContent === '1.00'");
        chromium.await("document.querySelector('#waiting').textContent === '0'");
    }

    /** A server without models is enough for it. */
    @Test
    void asksForTheBearerTokenThatTheServerWants() throws Exception {
        String token = "a-token-of-the-test-0123456789abcdef";
        var network = ServerOptions.Network.loopback(0);
        var limits = ServerOptions.Limits.defaults();
        var tokens = Optional.of(new BearerTokens(Files.writeString(folder.resolve("tokens"), token + "\n")));
        HttpService http = HttpService.of(network, limits);
        try (var queue = RequestQueue.start(QueueOptions.defaults());
                var observers = Observers.start(Optional.empty())) {
            var routes = new Routes();
            PageRoute.add(routes, new ServedModels(List.of()), queue, new ImageDecoding());
            http.listen(routes, limits, tokens, false, observers);
            chromium.open("http://127.0.0.1:" + http.port() + "/", "!document.querySelector('#token-form').hidden");
            chromium.evaluate("document.querySelector('#token').focus()");
            chromium.type(token);
            chromium.key("Enter", ENTER);
            chromium.await("document.querySelector('#load').textContent.includes(' answered, ')");

            assertThat(chromium.evaluate("document.querySelector('#token-form').hidden && "
                                    + "document.querySelector('#token').value === ''")
                            .asBoolean())
                    .isTrue();
            assertThat(chromium.text("#text-title")).contains("no model");
            assertThat(chromium.complaints()).allMatch(complaint -> complaint.contains("401"));
            chromium.complaints().clear();
            open();
        } finally {
            http.close(Duration.ZERO);
        }
    }

    /** What it looks like is for eyes; that it fits is not. */
    @Test
    void fitsNarrowAndWideScreensInLightAndDark() throws Exception {
        chromium.choose("#file", image());
        chromium.await("document.querySelectorAll('#classes li').length === 5");
        for (String scheme : new String[] {"light", "dark"}) {
            chromium.prefer("prefers-color-scheme", scheme);
            for (int width : new int[] {360, 1280}) {
                chromium.size(width, 900);
                assertThat(chromium.evaluate("document.documentElement.scrollWidth")
                                .asInt())
                        .isEqualTo(width);
                // Colours fade.
                chromium.evaluate("new Promise(done => setTimeout(done, 300))");
                chromium.screenshot(Path.of("target", "page-" + scheme + "-" + width + ".png"));
            }
        }
        assertThat(chromium.evaluate("getComputedStyle(document.body).backgroundColor")
                        .asString())
                .isEqualTo("rgb(15, 18, 22)");
        chromium.prefer("prefers-color-scheme", "light");
    }

    private static Path image() throws IOException {
        var image = new BufferedImage(320, 240, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(new Color(120, 180, 240));
        graphics.fillRect(0, 0, 320, 240);
        graphics.setColor(new Color(200, 40, 40));
        graphics.fillRect(90, 110, 140, 70);
        graphics.setColor(Color.BLACK);
        graphics.fillOval(100, 160, 40, 40);
        graphics.fillOval(180, 160, 40, 40);
        graphics.dispose();
        Path png = folder.resolve("car.png");
        ImageIO.write(image, "png", png.toFile());
        return png;
    }
}
