/** What a server tells about its requests: metrics for Prometheus, spans and metrics for OpenTelemetry. It knows nothing of HTTP. */
package io.tokenwise.server.observe;
