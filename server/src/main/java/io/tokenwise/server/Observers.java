package io.tokenwise.server;

import io.tokenwise.server.observe.Metrics;
import io.tokenwise.server.observe.OpenTelemetryListener;
import io.tokenwise.server.observe.RequestListener;
import io.tokenwise.server.observe.RequestMetrics;
import io.tokenwise.server.observe.ServedRequest;
import java.util.Optional;

/** Those who are told of requests: metrics that Prometheus reads, and OpenTelemetry if somebody configured it. Close sends what is left. */
final class Observers implements RequestListener, AutoCloseable {
    /** OpenTelemetry's own setting, as a variable of the environment and as a property of the JVM. */
    private static final String VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static final String PROPERTY = "otel.exporter.otlp.endpoint";

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
     * @throws IllegalArgumentException if a receiver is named, and OpenTelemetry is not on the class path or does not take its settings
     */
    static Observers start(Optional<String> otlp) {
        boolean configured = isSet(System.getenv(VARIABLE)) || isSet(System.getProperty(PROPERTY));
        return new Observers(otlp.isPresent() || configured ? Optional.of(telemetry(otlp)) : Optional.empty());
    }

    /** What is empty counts as not set, as OpenTelemetry has it. */
    private static boolean isSet(String setting) {
        return setting != null && !setting.isBlank();
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
