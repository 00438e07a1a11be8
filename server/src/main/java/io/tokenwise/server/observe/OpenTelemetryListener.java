package io.tokenwise.server.observe;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.tokenwise.server.observe.ServedRequest.TraceContext;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Sends a span and a duration for each request by OTLP over HTTP, named by OpenTelemetry's conventions for generative AI. What OpenTelemetry's own settings say
 * ({@code OTEL_SERVICE_NAME}, {@code OTEL_EXPORTER_OTLP_HEADERS}, {@code OTEL_TRACES_SAMPLER} and so on) holds. Close sends what is left.
 */
public final class OpenTelemetryListener implements RequestListener, AutoCloseable {
    private static final AttributeKey<String> OPERATION = AttributeKey.stringKey("gen_ai.operation.name");
    private static final AttributeKey<String> PROVIDER = AttributeKey.stringKey("gen_ai.provider.name");
    private static final AttributeKey<String> MODEL = AttributeKey.stringKey("gen_ai.request.model");
    private static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");
    private static final AttributeKey<Long> TOKENS = AttributeKey.longKey("gen_ai.usage.input_tokens");
    private static final AttributeKey<Long> INPUTS = AttributeKey.longKey("tokenwise.inputs");
    private static final AttributeKey<Double> BUDGET = AttributeKey.doubleKey("tokenwise.budget");
    private static final AttributeKey<Double> SPENT = AttributeKey.doubleKey("tokenwise.spent");

    /** Seconds, as the conventions advise for this duration. */
    private static final List<Double> BOUNDS =
            List.of(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92);

    private static final Duration LAST_SENDING = Duration.ofSeconds(5);

    private final OpenTelemetrySdk sdk;
    private final Tracer tracer;
    private final DoubleHistogram durations;

    private OpenTelemetryListener(OpenTelemetrySdk sdk) {
        this.sdk = sdk;
        tracer = sdk.getTracer("io.tokenwise.server");
        durations = sdk.getMeter("io.tokenwise.server")
                .histogramBuilder("gen_ai.server.request.duration")
                .setUnit("s")
                .setDescription("Time from a request's arrival until its answer")
                .setExplicitBucketBoundariesAdvice(BOUNDS)
                .build();
    }

    /**
     * Starts sending.
     *
     * @param endpoint URL of an OTLP receiver, to which {@code /v1/traces} and {@code /v1/metrics} are added; empty if OpenTelemetry's settings name it
     */
    public static OpenTelemetryListener start(Optional<String> endpoint) {
        Map<String, String> defaults = Map.of(
                "otel.service.name",
                "tokenwise",
                // gRPC, else the default, would need libraries that are not here.
                "otel.exporter.otlp.protocol",
                "http/protobuf",
                "otel.logs.exporter",
                "none");
        Map<String, String> given = endpoint.map(url ->
                        Map.of("otel.exporter.otlp.endpoint", url, "otel.exporter.otlp.protocol", "http/protobuf"))
                .orElse(Map.of());
        return new OpenTelemetryListener(AutoConfiguredOpenTelemetrySdk.builder()
                .addPropertiesSupplier(() -> defaults)
                .addPropertiesCustomizer(settings -> given)
                .disableShutdownHook()
                .build()
                .getOpenTelemetrySdk());
    }

    @Override
    public void served(ServedRequest request) {
        Instant end = request.begin().plus(request.total());
        AttributesBuilder attributes = Attributes.builder()
                .put(OPERATION, request.operation().genAiName())
                .put(PROVIDER, "tokenwise");
        if (!request.model().isEmpty()) {
            attributes.put(MODEL, request.model());
        }
        request.failure().ifPresent(failure -> attributes.put(ERROR, failure.label()));
        Attributes few = attributes.build();
        Context parent = W3CTraceContextPropagator.getInstance()
                .extract(Context.root(), request.trace(), OpenTelemetryListener::header);
        var span = tracer.spanBuilder((request.operation().genAiName() + " " + request.model()).strip())
                .setSpanKind(SpanKind.SERVER)
                .setParent(parent)
                .setStartTimestamp(request.begin())
                .setAllAttributes(few)
                .startSpan();
        if (request.tokens() > 0) {
            span.setAttribute(TOKENS, (long) request.tokens());
            span.setAttribute(INPUTS, (long) request.inputs().size());
            span.setAttribute(BUDGET, request.budget());
            if (!Double.isNaN(request.spent())) {
                span.setAttribute(SPENT, request.spent());
            }
        }
        if (request.failure().isPresent()) {
            span.setStatus(StatusCode.ERROR);
        }
        durations.record(request.total().toNanos() / 1e9, few, parent.with(span));
        span.end(end);
    }

    @Override
    public void close() {
        sdk.shutdown().join(LAST_SENDING.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static String header(TraceContext trace, String name) {
        return switch (name) {
            case "traceparent" -> trace.traceparent();
            case "tracestate" -> trace.tracestate();
            default -> null;
        };
    }
}
