/** Models over HTTP, as clients of OpenAI and text-embeddings-inference know it. */
package io.tokenwise.server;
