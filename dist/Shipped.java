import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Looks at every library that the bills of materials name: its file is that of .mvn/checksums.sha256, its licence one of dist/licences/accepted, its version in
 * none of the ranges of dist/advisories.csv. Prints what is not so, a line each, and exits with 1.
 *
 * <p>Arguments: the folder of the sources, and the folder that holds the bills.
 */
class Shipped {
    private record Advisory(String id, String from, String mended) {}

    private final Map<String, String> locked = new HashMap<>();
    private final Set<String> accepted = new HashSet<>();
    private final Map<String, List<Advisory>> advisories = new HashMap<>();
    private final Set<String> seen = new HashSet<>();
    private final Set<String> faults = new TreeSet<>();

    Shipped(Path sources) throws IOException {
        for (String line : lines(sources.resolve(".mvn/checksums.sha256"))) {
            locked.put(line.substring(line.indexOf(' ')).strip(), line.substring(0, line.indexOf(' ')));
        }
        accepted.addAll(lines(sources.resolve("dist/licences/accepted")));
        for (String line : lines(sources.resolve("dist/advisories.csv"))) {
            String[] fields = line.split(",");
            advisories.computeIfAbsent(fields[2], key -> new ArrayList<>()).add(new Advisory(fields[0], fields[3], fields[4]));
        }
    }

    public static void main(String[] args) throws IOException {
        var shipped = new Shipped(Path.of(args[0]));
        try (Stream<Path> files = Files.walk(Path.of(args[1]))) {
            for (Path bill : files.filter(file -> file.toString().matches(".*(cyclonedx|\\.cdx)\\.json")).sorted().toList()) {
                for (JsonNode component : JsonMapper.shared().readTree(bill.toFile()).path("components")) {
                    shipped.check(component);
                }
            }
        }
        if (shipped.seen.isEmpty()) {
            shipped.faults.add(args[1] + " has no bill of materials");
        }
        shipped.faults.forEach(System.err::println);
        System.err.println("tokenwise: " + shipped.seen.size() + " libraries of others looked at, " + shipped.faults.size() + " faults");
        System.exit(shipped.faults.isEmpty() ? 0 : 1);
    }

    private static List<String> lines(Path file) throws IOException {
        return Files.readAllLines(file).stream().filter(line -> !line.isBlank() && !line.startsWith("#")).toList();
    }

    private void check(JsonNode component) {
        String group = component.path("group").asString("");
        String purl = component.path("purl").asString("");
        // Ours, and what is no library of Maven's: the Java runtime and the system's libraries.
        if (group.equals("io.tokenwise") || !purl.startsWith("pkg:maven/") || !seen.add(purl)) {
            return;
        }
        String name = component.path("name").asString();
        String version = component.path("version").asString();
        String label = group + ":" + name + ":" + version;
        checkFile(label, pathOf(group, name, version, purl), component);
        checkLicence(label, component);
        for (Advisory advisory : advisories.getOrDefault(group + ":" + name, List.of())) {
            if (compare(version, advisory.from) >= 0 && compare(version, advisory.mended) < 0) {
                faults.add(label + " has the known fault " + advisory.id + ", mended in " + advisory.mended);
            }
        }
    }

    private void checkFile(String label, String path, JsonNode component) {
        for (JsonNode hash : component.path("hashes")) {
            if (hash.path("alg").asString().equals("SHA-256")) {
                String expected = locked.get(path);
                if (expected == null) {
                    faults.add(label + " is not in .mvn/checksums.sha256 as " + path + "; ./tokenwise lock renews it");
                } else if (!expected.equals(hash.path("content").asString())) {
                    faults.add(label + " is another file than .mvn/checksums.sha256 says");
                }
                return;
            }
        }
        faults.add(label + " has no SHA-256 in its bill of materials");
    }

    private static String pathOf(String group, String name, String version, String purl) {
        int classifier = purl.indexOf("classifier=");
        String end = classifier < 0 ? "" : "-" + purl.substring(classifier + "classifier=".length()).replaceAll("&.*", "");
        return group.replace('.', '/') + "/" + name + "/" + version + "/" + name + "-" + version + end + ".jar";
    }

    /** Of several licences one that is accepted will do: who writes several leaves the choice. A line NAME = LICENCE accepts what one library alone says. */
    private void checkLicence(String label, JsonNode component) {
        var names = new TreeSet<String>();
        for (JsonNode entry : component.path("licenses")) {
            JsonNode licence = entry.path("license");
            names.add(licence.path("id").asString(licence.path("name").asString(entry.path("expression").asString("nothing"))));
        }
        String library = label.substring(0, label.lastIndexOf(':'));
        if (names.stream().noneMatch(name -> accepted.contains(name) || accepted.contains(library + " = " + name))) {
            faults.add(label + " is under " + (names.isEmpty() ? "no licence that it names" : names) + ", which dist/licences/accepted does not have");
        }
    }

    /** Numbers by value; words, as of a beta, before the number that might stand there, and among themselves by the alphabet. */
    private static int compare(String left, String right) {
        String[] a = left.split("[.-]");
        String[] b = right.split("[.-]");
        for (int i = 0; i < Math.max(a.length, b.length); i++) {
            String x = i < a.length ? a[i] : "0";
            String y = i < b.length ? b[i] : "0";
            boolean numbers = x.matches("\\d+") && y.matches("\\d+");
            int order = numbers ? Long.compare(Long.parseLong(x), Long.parseLong(y)) : y.matches("\\d+") ? -1 : x.matches("\\d+") ? 1 : x.compareTo(y);
            if (order != 0) {
                return order;
            }
        }
        return 0;
    }
}
