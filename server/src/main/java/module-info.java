/** Models over HTTP, as clients of OpenAI and text-embeddings-inference know it. */
module io.tokenwise.server {
    requires transitive io.tokenwise.engine;
    requires io.tokenwise.serving;
    requires org.eclipse.jetty.alpn.server;
    requires org.eclipse.jetty.http2.server;
    requires org.eclipse.jetty.server;
    requires org.slf4j;
    requires tools.jackson.databind;

    exports io.tokenwise.server;
}
