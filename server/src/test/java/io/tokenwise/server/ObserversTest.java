package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.server.observe.Operation;
import io.tokenwise.server.observe.ServedRequest;
import io.tokenwise.server.observe.ServedRequest.TraceContext;
import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Who is told of requests. */
class ObserversTest {
    @Test
    void openTelemetryNeedNotBeThere() throws Exception {
        try (URLClassLoader without = loaderWithoutOpenTelemetry()) {
            run(without, "tells");
            assertThatThrownBy(() -> run(without, "sends"))
                    .isInstanceOf(InvocationTargetException.class)
                    .cause()
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("OpenTelemetry is not on the class path");
        }
    }

    @Test
    void whatIsEmptyIsNotConfigured() throws Exception {
        String endpoint = "otel.exporter.otlp.endpoint";
        System.setProperty(endpoint, "");
        try (URLClassLoader without = loaderWithoutOpenTelemetry()) {
            run(without, "tells");
        } finally {
            System.clearProperty(endpoint);
        }
    }

    /** It may be there for an agent, or for another program. */
    @Test
    void anEndpointForOthersStopsNobody() throws Exception {
        String endpoint = "otel.exporter.otlp.endpoint";
        String sampler = "otel.traces.sampler";
        System.setProperty(endpoint, "http://127.0.0.1:4318");
        System.setProperty(sampler, "nonsense");
        try (URLClassLoader without = loaderWithoutOpenTelemetry()) {
            run(without, "tells");
            Inside.tells();
        } finally {
            System.clearProperty(endpoint);
            System.clearProperty(sampler);
        }
    }

    /** The URL that is given is one of HTTP, whatever the environment says of others. */
    @Test
    void theReceiverThatIsGivenIsAskedByHttp() {
        String protocol = "otel.exporter.otlp.protocol";
        System.setProperty(protocol, "grpc");
        try {
            Observers.start(Optional.of("http://127.0.0.1:4318")).close();
        } finally {
            System.clearProperty(protocol);
        }
    }

    @Test
    void settingsThatOpenTelemetryDoesNotTakeAreSaid() {
        String sampler = "otel.traces.sampler";
        System.setProperty(sampler, "nonsense");
        try {
            assertThatThrownBy(() -> Observers.start(Optional.of("http://127.0.0.1:4318")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("OpenTelemetry's settings: ")
                    .hasMessageContaining("nonsense");
        } finally {
            System.clearProperty(sampler);
        }
    }

    private static void run(ClassLoader loader, String method) throws Exception {
        Class<?> inside = loader.loadClass(Inside.class.getName());
        assertThat(inside.getClassLoader()).isEqualTo(loader);
        var called = inside.getDeclaredMethod(method);
        called.setAccessible(true);
        called.invoke(null);
    }

    private static URLClassLoader loaderWithoutOpenTelemetry() {
        URL[] jars = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("opentelemetry"))
                .map(ObserversTest::url)
                .toArray(URL[]::new);
        return new URLClassLoader(jars, ClassLoader.getPlatformClassLoader());
    }

    private static URL url(String entry) {
        try {
            return Path.of(entry).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** What is called in the other class loader. */
    static final class Inside {
        private Inside() {}

        static void tells() {
            Observers observers = Observers.start(Optional.empty());
            observers.served(new ServedRequest(
                    Operation.EMBED,
                    "",
                    false,
                    List.of(),
                    Optional.empty(),
                    Instant.EPOCH,
                    Duration.ZERO,
                    Duration.ZERO,
                    TraceContext.NONE));
            observers.close();
        }

        static void sends() {
            Observers.start(Optional.of("http://127.0.0.1:4318")).close();
        }
    }
}
