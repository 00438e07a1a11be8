package io.tokenwise.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** What the build knows: the version of Tokenwise and that of the chart library. */
final class BuildProperties implements IVersionProvider {
    private final Properties properties = new Properties();

    BuildProperties() {
        try (var in = BuildProperties.class.getResourceAsStream("build.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException("build.properties cannot be read", e);
        }
    }

    String chartJsVersion() {
        return properties.getProperty("chartjs");
    }

    @Override
    public String[] getVersion() {
        return new String[] {
            "tokenwise " + properties.getProperty("version"),
            "Java " + Runtime.version() + ", " + System.getProperty("os.arch")
        };
    }
}
