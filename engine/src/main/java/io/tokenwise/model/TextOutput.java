package io.tokenwise.model;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What a model gives for a text, for a pair of texts, or for each token. */
public sealed interface TextOutput {
    /** Whether it is a score, as cross-encoders give it. */
    default boolean isScore() {
        return false;
    }

    /** What becomes of a vector of the model, of a text or of each token, in layers of its own; none if a head makes it. */
    default List<? extends VectorStep> steps() {
        return List.of();
    }

    /** The dense layers of these, first to last. */
    default List<VectorStep.Dense> dense() {
        return steps().stream()
                .filter(VectorStep.Dense.class::isInstance)
                .map(VectorStep.Dense.class::cast)
                .toList();
    }

    /** Whether it is of each token, not of the text as a whole. */
    default boolean perToken() {
        return false;
    }

    /**
     * A vector.
     *
     * @param pooling how token vectors become one
     * @param steps what becomes of that
     * @param shorter how many of its first values the model was trained to do with too (Matryoshka), by config.json; often nothing is said
     */
    record Vectors(Pooling pooling, List<VectorStep> steps, List<Integer> shorter) implements TextOutput {
        public Vectors {
            steps = List.copyOf(steps);
            shorter = List.copyOf(shorter);
        }

        /** @param normalize whether what is pooled is scaled to length 1 */
        public Vectors(Pooling pooling, boolean normalize) {
            this(pooling, normalize ? List.of(new VectorStep.Normalize()) : List.of(), List.of());
        }

        /** Whether it is of length 1 at the end. */
        public boolean normalize() {
            return !steps.isEmpty() && steps.getLast() instanceof VectorStep.Normalize;
        }

        /** How many values it has. */
        public int width(int hiddenSize) {
            return VectorStep.width(steps, hiddenSize);
        }
    }

    /**
     * A score that modules behind the model make, as of cross-encoders that sentence-transformers builds since its version 5.4.
     *
     * @param vector the one value that it is
     */
    record Score(Vectors vector) implements TextOutput {
        @Override
        public List<VectorStep> steps() {
            return vector.steps();
        }

        @Override
        public boolean isScore() {
            return true;
        }
    }

    /**
     * A number for each class, or one: a score. Before softmax, or the logistic function.
     *
     * @param labels what classes are called; of a score one
     * @param several whether a text may be of several classes at once
     */
    record SequenceClasses(HeadForm head, List<String> labels, boolean several) implements TextOutput {
        public SequenceClasses {
            labels = List.copyOf(labels);
        }

        @Override
        public boolean isScore() {
            return labels.size() == 1;
        }
    }

    /**
     * A score: how much likelier a causal model answers a question with one word than with another, by the difference of their logits.
     *
     * @param question what it is asked
     * @param template the {@link ChatTemplate} that says so; empty if no file does
     * @param table the tensor that makes words' logits; empty if that is the table of their embeddings
     * @param yes the one, by its row; 0 until the tokenizer is known
     * @param no the other
     */
    record Answer(Question question, String template, Optional<String> table, int yes, int no) implements TextOutput {
        /** The same whose words are known, by their rows. */
        Answer withWords(int newYes, int newNo) {
            return new Answer(question, template, table, newYes, newNo);
        }

        /** Whether its words are known, which no model has in its first row. */
        boolean isKnown() {
            return yes != 0 || no != 0;
        }

        @Override
        public boolean isScore() {
            return true;
        }
    }

    /**
     * A number for each class of each token, before softmax.
     *
     * @param layer what a token's vector goes through first, if anything
     * @param classifier the tensors of the last layer
     * @param labels what classes are called
     */
    record TokenClasses(Optional<HeadForm.Layer> layer, String classifier, List<String> labels) implements TextOutput {
        public TokenClasses {
            labels = List.copyOf(labels);
        }

        @Override
        public boolean perToken() {
            return true;
        }
    }

    /**
     * A vector of length 1 for each token (ColBERT): two texts are compared by all of theirs.
     *
     * @param dense the layers that make it, first to last; one at least
     * @param form how queries and documents are read
     */
    record TokenVectors(List<VectorStep.Dense> dense, LateForm form) implements TextOutput {
        public TokenVectors {
            dense = List.copyOf(dense);
        }

        @Override
        public List<VectorStep.Dense> steps() {
            return dense;
        }

        @Override
        public boolean perToken() {
            return true;
        }

        /** How many values it has. */
        public int dimensions() {
            return dense.getLast().outputs();
        }

        /** Whether the layer's weights are beside the model's, as ColBERT's makers have them. */
        boolean isBeside() {
            return dense.getFirst().folder().isEmpty();
        }
    }

    /**
     * A weight for each word of the vocabulary, most of them 0 (SPLADE): the largest {@code ln(1 + max(logit, 0))} of the tokens.
     *
     * @param words what makes the logits
     * @param flat whether the weight is the logarithm of 1 and that once more, as OpenSearch's models have it
     * @param queries what queries are instead, of which the network is not asked; empty if they are as all other texts
     */
    record Sparse(WordsForm words, boolean flat, Optional<QueryWeights> queries) implements TextOutput {
        public Sparse(WordsForm words) {
            this(words, false, Optional.empty());
        }
    }

    /**
     * A weight for each token that stands in a text, below 0 never; of tokens with one id the largest counts (bge-m3).
     *
     * @param layer what makes it of the token's vector
     * @param unweighed ids of tokens that do not count, such as marks
     */
    record TokenWeights(VectorStep.Dense layer, Set<Integer> unweighed) implements TextOutput {
        public TokenWeights {
            unweighed = Set.copyOf(unweighed);
        }

        @Override
        public List<VectorStep.Dense> steps() {
            return List.of(layer);
        }

        @Override
        public boolean perToken() {
            return true;
        }
    }

    /**
     * Of each token, such as a masked one, a logit for each word of the vocabulary.
     *
     * @param words what makes them
     */
    record MaskedTokens(WordsForm words) implements TextOutput {
        @Override
        public boolean perToken() {
            return true;
        }
    }
}
