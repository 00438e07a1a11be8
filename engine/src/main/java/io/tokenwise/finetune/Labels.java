package io.tokenwise.finetune;

import io.tokenwise.nn.TokenBatch;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.zip.Checksum;

/** Examples to fine-tune on: token sequences and what is known of them. Immutable as long as nobody writes to the sequences. */
public sealed interface Labels {
    /** How many examples there are. */
    int size();

    /** Appends the texts of some examples to a batch. */
    void addTo(TokenBatch batch, int[] examples);

    /** Adds all that they say to a checksum. */
    void addTo(Checksum sum);

    /** Some of the examples, by their numbers. */
    Labels only(int[] examples);

    /** Tokens of one example's texts. */
    int tokens(int example);

    /** Equal to that of another example if both have the same texts, in whatever order. */
    Object content(int example);

    /**
     * A class for each text.
     *
     * @param names of the classes, sorted
     * @param numbers the texts' classes, by their place in {@code names}
     */
    record Classes(List<int[]> texts, List<String> names, int[] numbers) implements Labels {
        /** @throws IllegalArgumentException unless there are as many labels as texts */
        public static Classes of(List<int[]> texts, List<String> labels) {
            if (texts.size() != labels.size()) {
                throw new IllegalArgumentException("fine-tuning: " + texts.size() + " texts and " + labels.size()
                        + " labels; give one for each text");
            }
            List<String> names = List.copyOf(new TreeSet<>(labels));
            int[] numbers = labels.stream()
                    .mapToInt(label -> Collections.binarySearch(names, label))
                    .toArray();
            return new Classes(texts, names, numbers);
        }

        @Override
        public int size() {
            return texts.size();
        }

        @Override
        public void addTo(TokenBatch batch, int[] examples) {
            for (int example : examples) {
                batch.add(texts.get(example));
            }
        }

        @Override
        public void addTo(Checksum sum) {
            sum.update(names.toString().getBytes(StandardCharsets.UTF_8));
            Labels.add(sum, numbers);
            texts.forEach(text -> Labels.add(sum, text));
        }

        @Override
        public Classes only(int[] examples) {
            return new Classes(
                    IntStream.of(examples).mapToObj(texts::get).toList(),
                    names,
                    IntStream.of(examples).map(i -> numbers[i]).toArray());
        }

        @Override
        public int tokens(int example) {
            return texts.get(example).length;
        }

        @Override
        public Object content(int example) {
            return IntBuffer.wrap(texts.get(example));
        }
    }

    /**
     * A score for each pair of texts: higher is more alike, on any scale, since only the order counts. A batch has the pairs' first texts, then their
     * second ones.
     */
    record Pairs(List<int[]> first, List<int[]> second, double[] scores) implements Labels {
        /** @throws IllegalArgumentException unless there are as many of each */
        public Pairs {
            if (first.size() != second.size() || first.size() != scores.length) {
                throw new IllegalArgumentException("fine-tuning: " + first.size() + " first texts, " + second.size()
                        + " second ones and " + scores.length + " scores; give one of each for a pair");
            }
        }

        @Override
        public int size() {
            return scores.length;
        }

        @Override
        public void addTo(TokenBatch batch, int[] examples) {
            for (int example : examples) {
                batch.add(first.get(example));
            }
            for (int example : examples) {
                batch.add(second.get(example));
            }
        }

        @Override
        public void addTo(Checksum sum) {
            for (double score : scores) {
                sum.update(ByteBuffer.allocate(Double.BYTES).putDouble(score).array());
            }
            first.forEach(text -> Labels.add(sum, text));
            second.forEach(text -> Labels.add(sum, text));
        }

        @Override
        public Pairs only(int[] examples) {
            return new Pairs(
                    IntStream.of(examples).mapToObj(first::get).toList(),
                    IntStream.of(examples).mapToObj(second::get).toList(),
                    IntStream.of(examples).mapToDouble(i -> scores[i]).toArray());
        }

        @Override
        public int tokens(int example) {
            return first.get(example).length + second.get(example).length;
        }

        @Override
        public Object content(int example) {
            // Cosines do not know which text is the first. A set of two equal ones has one.
            return new HashSet<>(List.of(IntBuffer.wrap(first.get(example)), IntBuffer.wrap(second.get(example))));
        }
    }

    private static void add(Checksum sum, int... numbers) {
        var bytes = ByteBuffer.allocate(Integer.BYTES * (numbers.length + 1)).putInt(numbers.length);
        bytes.asIntBuffer().put(numbers);
        sum.update(bytes.array());
    }

    /** How many different texts, or pairs, there are. */
    default int different() {
        return (int)
                IntStream.range(0, size()).mapToObj(this::content).distinct().count();
    }

    /** Tokens of all examples. */
    default long tokens() {
        return IntStream.range(0, size()).mapToLong(this::tokens).sum();
    }
}
