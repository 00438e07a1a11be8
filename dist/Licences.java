import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes tokenwise.cdx.json and THIRD-PARTY.txt into the folder of the tar: the bill of materials that Maven made, with what Maven does not know (the Java
 * runtime, libraries of the system), and the licence of each part with its text: as the parts carry it, or from dist/licences. That of the Apache
 * License 2.0 stands once, in LICENSE.
 *
 * <p>Arguments: the bill, the folder, the folder of licences, and the libraries of the system that were copied into it.
 */
class Licences {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final Path home;
    private final Path known;
    private final ObjectNode bill;
    private final StringBuilder text = new StringBuilder();
    private final Map<String, TreeSet<String>> whoseTexts = new LinkedHashMap<>();

    Licences(Path bill, Path home, Path known) {
        this.home = home;
        this.known = known;
        this.bill = (ObjectNode) JSON.readTree(bill.toFile());
    }

    public static void main(String[] args) throws IOException {
        var licences = new Licences(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]));
        var libraries = new ArrayList<Path>();
        for (int i = 3; i < args.length; i++) {
            libraries.add(Path.of(args[i]));
        }
        licences.write(libraries);
    }

    private void write(List<Path> libraries) throws IOException {
        text.append("""
                What this tar holds of others, and under which licences. Tokenwise itself is under the Apache License 2.0 (LICENSE).
                The licences of the Java runtime's parts lie in runtime/legal, one folder a module.

                Java libraries, as their poms say it:
                """);
        for (var component : bill.withArray("components")) {
            if (!component.path("group").asString("").equals("io.tokenwise")) {
                addLine(component.path("group").asString("") + ":" + component.path("name").asString(),
                        component.path("version").asString(), licencesOf((ObjectNode) component));
            }
        }
        addRuntime();
        addLibraries(libraries);
        for (var component : bill.withArray("components")) {
            if (component.path("type").asString().equals("library") && component.has("purl")) {
                addTextsOf((ObjectNode) component);
            }
        }
        addTexts();
        Files.writeString(home.resolve("THIRD-PARTY.txt"), text);
        Files.writeString(home.resolve("tokenwise.cdx.json"), JSON.writeValueAsString(bill) + "\n");
    }

    private void addLine(String name, String version, String licence) {
        text.append("  %s %s: %s%n".formatted(name, version, licence));
    }

    private static String licencesOf(ObjectNode component) {
        var names = new ArrayList<String>();
        for (var entry : component.withArray("licenses")) {
            var licence = entry.path("license");
            names.add(licence.path("id").asString(licence.path("name").asString(entry.path("expression").asString("not said"))));
        }
        return names.isEmpty() ? "not said" : String.join(" or ", names);
    }

    private void addRuntime() throws IOException {
        var release = new TreeMap<String, String>();
        for (String line : Files.readAllLines(home.resolve("runtime/release"))) {
            release.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1).replace("\"", ""));
        }
        text.append("\nJava runtime, made by jlink:\n");
        String version = release.getOrDefault("JAVA_RUNTIME_VERSION", release.get("JAVA_VERSION"));
        addComponent("platform", "openjdk", version, "GPL-2.0-with-classpath-exception");
    }

    private void addLibraries(List<Path> libraries) throws IOException {
        if (!libraries.isEmpty()) {
            text.append("\nLibraries of the system on which the tar was made (licences below), which the runtime and oneDNN use:\n");
        }
        for (Path library : libraries) {
            var owner = packageOf(library);
            addComponent("library", owner.name() + " (" + library.getFileName() + ")", owner.version(), null);
            Path copyright = Path.of("/usr/share/doc", owner.name(), "copyright");
            if (Files.exists(copyright)) {
                keepText(Files.readString(copyright), library.getFileName().toString());
            }
        }
    }

    private void addComponent(String type, String name, String version, String licence) {
        addLine(name, version, licence == null ? "see below" : licence);
        var component = bill.withArray("components").addObject();
        component.put("type", type).put("name", name).put("version", version);
        if (licence != null) {
            component.withArray("licenses").addObject().putObject("license").put("id", licence);
        }
    }

    private record Owner(String name, String version) {}

    /** Debian's package of a library; the library's own name where another system made it. */
    private static Owner packageOf(Path library) throws IOException {
        Path file = library.toRealPath();
        String name = output("dpkg-query", "-S", "*/" + file.getFileName()).lines()
                // Where /lib is a link to /usr/lib, Debian's own list may still have the one without.
                .filter(line -> line.endsWith(": " + file) || line.endsWith(": " + file.toString().replaceFirst("^/usr/", "/")))
                .findFirst()
                .map(line -> line.replaceAll(":.*", ""))
                .orElse("");
        return name.isEmpty()
                ? new Owner(library.getFileName().toString(), "of the system")
                : new Owner(name, output("dpkg-query", "-W", "-f", "${Version}", name));
    }

    private static String output(String... command) throws IOException {
        try (var reader = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start().inputReader()) {
            return reader.lines().collect(Collectors.joining("\n"));
        } catch (IOException e) {
            return ""; // No dpkg here.
        }
    }

    private void addTextsOf(ObjectNode component) throws IOException {
        String name = component.path("name").asString();
        Path jar = home.resolve("lib/" + name + "-" + component.path("version").asString() + ".jar");
        boolean found = Files.exists(jar) && addTextsIn(jar);
        Path text = known.resolve(name + ".txt");
        if (Files.exists(text)) {
            keepText(Files.readString(text), name);
        } else if (!found && !List.of(licencesOf(component).split(" or ")).contains("Apache-2.0")) {
            throw new IllegalStateException(name + " carries no text of its licence; put it into dist/licences/" + name + ".txt");
        }
    }

    private boolean addTextsIn(Path jar) throws IOException {
        boolean found = false;
        try (var file = new JarFile(jar.toFile())) {
            for (var entry : file.stream().toList()) {
                String name = entry.getName();
                String last = name.substring(name.lastIndexOf('/') + 1);
                if (last.matches("(?i).*(LICEN[CS]E|NOTICE|COPYING).*") && !last.endsWith(".class")) {
                    keepText(contentOf(file, name), jar.getFileName() + " " + last);
                    found = true;
                } else if (name.matches("META-INF/tokenwise/[^/]+/CARD.md")) {
                    keepText(sectionOf(contentOf(file, name)), jar.getFileName().toString());
                }
            }
        }
        return found;
    }

    private static String contentOf(JarFile file, String name) throws IOException {
        try (var in = file.getInputStream(file.getEntry(name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** What a model's card says about licences. */
    private static String sectionOf(String card) {
        int start = card.indexOf("\n## Licences\n");
        if (start < 0) {
            throw new IllegalArgumentException("a model's CARD.md says nothing about licences");
        }
        int end = card.indexOf("\n## ", start + 1);
        return card.substring(start + "\n## Licences\n".length(), end < 0 ? card.length() : end);
    }

    private void keepText(String content, String whose) {
        whoseTexts.computeIfAbsent(content.replace("\r", "").strip(), key -> new TreeSet<>()).add(whose);
    }

    private void addTexts() {
        whoseTexts.forEach((content, whose) -> text.append("\n").append("=".repeat(100)).append("\n")
                .append(String.join(", ", whose)).append("\n\n").append(content).append("\n"));
    }
}
