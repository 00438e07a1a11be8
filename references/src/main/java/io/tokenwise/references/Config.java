package io.tokenwise.references;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a config.json says, completed by the defaults that the program's own lines {@code #: name = value} state. Objects within objects have
 * names joined by {@code _}.
 */
record Config(String program, Map<String, Object> values) {
    private static final String DEFAULT = "#: ";

    static Config of(String program, Map<String, ?> config) throws IOException {
        var all = new LinkedHashMap<String, Object>();
        flatten("", config, all);
        for (String line : text(program).lines().toList()) {
            if (line.startsWith(DEFAULT)) {
                int equals = line.indexOf(" = ");
                all.putIfAbsent(line.substring(DEFAULT.length(), equals), parsed(line.substring(equals + 3)));
            }
        }
        return new Config(program, all);
    }

    private static void flatten(String prefix, Map<String, ?> config, Map<String, Object> all) {
        config.forEach((name, value) -> {
            switch (value) {
                case null -> {}
                case Map<?, ?> map -> {
                    var inner = new LinkedHashMap<String, Object>();
                    map.forEach((key, each) -> inner.put(key.toString(), each));
                    flatten(prefix + name + "_", inner, all);
                }
                default -> all.put(prefix + name, value);
            }
        });
    }

    private static Object parsed(String text) {
        if (text.startsWith("\"")) {
            return text.substring(1, text.length() - 1);
        }
        if (text.startsWith("[")) {
            List<Object> list = new ArrayList<>();
            for (String each : text.substring(1, text.length() - 1).split(", ")) {
                list.add(parsed(each));
            }
            return list;
        }
        if (text.equals("True") || text.equals("False")) {
            return text.equals("True");
        }
        return text.contains(".") || text.contains("e") ? (Object) Double.valueOf(text) : (Object) Long.valueOf(text);
    }

    /** The file {@code NAME.py} beside this class. */
    static String text(String program) throws IOException {
        try (InputStream in = Config.class.getResourceAsStream(program + ".py")) {
            if (in == null) {
                throw new IOException("no reference program " + program + ".py");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** The whole program: the parts, then the family's own with its config as constants. */
    String code() throws IOException {
        String constants = values.entrySet().stream()
                .filter(entry -> entry.getKey().matches("[a-zA-Z_]\\w*"))
                .map(entry -> entry.getKey() + " = " + literal(entry.getValue()))
                .collect(Collectors.joining("\n    "));
        return text("parts") + text(program).replace("#config", constants);
    }

    private static String literal(Object value) {
        return switch (value) {
            case String text -> '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
            case Boolean flag -> flag ? "True" : "False";
            case List<?> list ->
                list.isEmpty()
                        ? "annotate(List[int], [])"
                        : list.stream().map(Config::literal).collect(Collectors.joining(", ", "[", "]"));
            case Float number -> String.valueOf(number.doubleValue()).replace("E", "e");
            case Double number -> String.valueOf(number.doubleValue()).replace("E", "e");
            default -> value.toString();
        };
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    int integer(String name) {
        return Math.toIntExact(number(name).longValue());
    }

    /** A number that is not there or 0 stands for {@code otherwise}. */
    int given(String name, int otherwise) {
        return has(name) && integer(name) != 0 ? integer(name) : otherwise;
    }

    double real(String name) {
        return number(name).doubleValue();
    }

    private Number number(String name) {
        if (values.get(name) instanceof Number number) {
            return number;
        }
        throw new IllegalArgumentException(program + ": the config has no number " + name);
    }

    boolean flag(String name) {
        return values.get(name) instanceof Boolean flag && flag;
    }

    String string(String name) {
        return String.valueOf(values.get(name));
    }

    List<Integer> integers(String name) {
        return ((List<?>) values.get(name))
                .stream().map(each -> ((Number) each).intValue()).toList();
    }
}
