package io.tokenwise.server;

import io.tokenwise.server.observe.Metrics;
import io.tokenwise.server.observe.OpenTelemetryListener;
import io.tokenwise.server.observe.RequestListener;
import io.tokenwise.server.observe.RequestMetrics;
import io.tokenwise.server.observe.ServedRequest;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Those who are told of requests: metrics that Prometheus reads, and OpenTelemetry if somebody configured it. Its variables may be set for other programs, or for an agent: where
 * they are all that asks for it, and it cannot be had, that is a warning. Close sends what is left.
 */
final class Observers implements RequestListener, AutoCloseable {
    /** OpenTelemetry's own settings, as properties of the JVM. */
    private static final String ENDPOINT = "otel.exporter.otlp.endpoint";

    private static final String DISABLED = "otel.sdk.disabled";

    private static final Logger LOG = LoggerFactory.getLogger(Observers.class);

    private final Metrics metrics = new Metrics();
    private final RequestListener requestMetrics = new RequestMetrics(metrics);

    /** Not by its class: whoever has none need not have OpenTelemetry, without which that class cannot be linked. */
    private final Optional<RequestListener> telemetry;

    private Observers(Optional<RequestListener> telemetry) {
        this.telemetry = telemetry;
    }

    /**
     * Starts with what is configured.
     *
     * @param otlp URL of an OTLP receiver; if empty, OpenTelemetry's own settings may name one
     * @throws IllegalArgumentException if a receiver is named here, and OpenTelemetry is not on the class path or does not take its settings
     */
    static Observers start(Optional<String> otlp) {
        if (otlp.isPresent()) {
            return new Observers(Optional.of(telemetry(otlp)));
        }
        boolean configured = !setting(ENDPOINT).isEmpty() && !setting(DISABLED).equalsIgnoreCase("true");
        return new Observers(configured ? telemetryIfThere() : Optional.empty());
    }

    /** The property, or else the variable of the environment that OpenTelemetry reads for it. What is empty counts as not set, as OpenTelemetry has it. */
    private static String setting(String property) {
        String variable = System.getenv(property.replace('.', '_').toUpperCase(Locale.ROOT));
        return System.getProperty(property, variable == null ? "" : variable).strip();
    }

    private static Optional<RequestListener> telemetryIfThere() {
        try {
            return Optional.of(telemetry(Optional.empty()));
        } catch (IllegalArgumentException e) {
            LOG.warn("no spans and metrics are sent: {}", e.getMessage());
            return Optional.empty();
        }
    }

    private static RequestListener telemetry(Optional<String> otlp) {
        try {
            return OpenTelemetryListener.start(otlp);
        } catch (NoClassDefFoundError e) {
            throw new IllegalArgumentException(
                    "an OTLP endpoint is set, and OpenTelemetry is not on the class path: add opentelemetry-sdk-extension-autoconfigure, -exporter-otlp and -exporter-sender-jdk",
                    e);
        } catch (RuntimeException e) {
            Throwable why = e.getCause() == null ? e : e.getCause();
            throw new IllegalArgumentException("OpenTelemetry's settings: " + why.getMessage(), e);
        }
    }

    Metrics metrics() {
        return metrics;
    }

    @Override
    public void served(ServedRequest request) {
        requestMetrics.served(request);
        telemetry.ifPresent(listener -> listener.served(request));
    }

    @Override
    public void close() {
        telemetry.ifPresent(RequestListener::close);
    }
}
