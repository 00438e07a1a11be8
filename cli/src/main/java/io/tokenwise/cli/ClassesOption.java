package io.tokenwise.cli;

import io.tokenwise.image.LabelledImageReader;
import io.tokenwise.image.LabelledImages;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import picocli.CommandLine.TypeConversionException;

/** The option that names classes of which a data set has the numbers only, checked as it is read. */
final class ClassesOption {
    @Spec(Target.MIXEE)
    private CommandSpec spec;

    /** Null for those of the data. */
    @Option(
            names = "--classes",
            paramLabel = "NAME,...",
            converter = NamesConverter.class,
            description =
                    "Names of the ten classes that MNIST's files, or folders, call 0 to 9, in this order (default: those of DATA).")
    private List<String> names;

    /** Reads as many names as there are digits, each once. */
    static final class NamesConverter implements ITypeConverter<List<String>> {
        @Override
        public List<String> convert(String text) {
            List<String> names =
                    Stream.of(text.split(",", -1)).map(String::strip).toList();
            var seen = new HashSet<String>();
            for (String name : names) {
                if (name.isEmpty() || name.chars().anyMatch(Character::isISOControl)) {
                    throw new TypeConversionException(
                            "a name is blank or has control characters; it must be text between commas");
                }
                if (!seen.add(name)) {
                    throw new TypeConversionException(name + " is there twice; each class needs its own");
                }
            }
            if (names.stream().anyMatch(LabelledImageReader.DIGITS::contains)) {
                throw new TypeConversionException("a name is a digit; it must be another name for one");
            }
            int wanted = LabelledImageReader.DIGITS.size();
            if (names.size() != wanted) {
                throw new TypeConversionException(
                        names.size() + " names; there must be " + wanted + ", those of 0 to 9 in this order");
            }
            return names;
        }
    }

    /** What another command on the same data must be given too; empty if no names were given. */
    String again() {
        return names == null ? "" : " --classes '" + String.join(",", names) + "'";
    }

    /** The same images with these names of their classes, if any were given. */
    LabelledImages named(LabelledImages images, Path data) {
        if (names == null) {
            return images;
        }
        if (!images.classes().equals(LabelledImageReader.DIGITS)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--classes is for classes that are called 0 to 9; " + data + " has "
                            + Info.classes(images.classes()));
        }
        return new LabelledImages(images.width(), images.height(), images.pixels(), images.labels(), names);
    }
}
