/** Models over HTTP, as clients of OpenAI and text-embeddings-inference know it. */
module io.tokenwise.server {
    requires transitive io.tokenwise.engine;
    requires io.tokenwise.serving;
    requires static io.opentelemetry.api;
    requires static io.opentelemetry.context;
    requires static io.opentelemetry.sdk;
    requires static io.opentelemetry.sdk.autoconfigure;
    requires static io.opentelemetry.sdk.autoconfigure.spi;
    requires static io.opentelemetry.sdk.common;
    requires static io.opentelemetry.sdk.trace;
    requires static io.opentelemetry.sdk.metrics;
    requires org.eclipse.jetty.alpn.server;
    requires org.eclipse.jetty.http2.server;
    requires org.eclipse.jetty.server;
    requires org.slf4j;
    requires tools.jackson.databind;

    exports io.tokenwise.server;
}
