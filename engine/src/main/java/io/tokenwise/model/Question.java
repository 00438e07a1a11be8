package io.tokenwise.model;

import io.tokenwise.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.stream.IntStream;

/** What a causal model is asked of a query and a document: words that its makers chose. */
public enum Question {
    /** No file of the model has its words. */
    QWEN3_RERANKER(
            "Qwen3-Reranker",
            "yes",
            "no",
            "<|im_start|>system\n"
                    + "Judge whether the Document meets the requirements based on the Query and the Instruct provided."
                    + " Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n"
                    + "<|im_start|>user\n",
            "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n") {
        @Override
        Tokenizer.Encoded asked(Tokenizer tokenizer, String prompt, String query, String document, int room) {
            String instruct = prompt.isEmpty()
                    ? "Given a web search query, retrieve relevant passages that answer the query"
                    : prompt;
            String text = "<Instruct>: " + instruct + "\n<Query>: " + query + "\n<Document>: " + document;
            return cut(tokenizer.encodeFirst(text, room), room);
        }
    },

    /**
     * As its makers' package asks (mixedbread-ai/mxbai-rerank mxbai_rerank/mxbai_rerank_v2.py at 8e709dca): query, document and what stands between and behind them become tokens each by itself, so that no mark
     * at the end of one is a token together with the end of the line, and a query is cut to three quarters of the room.
     */
    MXBAI_RERANK(
            "mxbai-rerank-v2",
            "1",
            "0",
            "<|im_start|>system\n"
                    + "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
                    + "<|im_start|>user\n",
            "\n" + Question.RELEVANCE + "\nRelevance:<|im_end|>\n<|im_start|>assistant\n") {
        @Override
        Tokenizer.Encoded asked(Tokenizer tokenizer, String prompt, String query, String document, int room) {
            String instruction = prompt.isEmpty() ? "" : "instruction: " + prompt + "\n";
            int most = room * 3 / 4;
            Tokenizer.Encoded first = cut(tokenizer.encodeFirst(instruction + "query: " + query, most), most);
            int[] second = joined(
                    first.ids(), tokenizer.encodeAll("\n"), tokenizer.encodeFirst("document: " + document, room));
            Tokenizer.Encoded both = cut(second, room);
            return new Tokenizer.Encoded(both.ids(), first.truncated() || both.truncated());
        }
    };

    /** By which mxbai-rerank-v2's chat template is known. */
    private static final String RELEVANCE =
            "You are a search relevance expert who evaluates how well documents match search queries."
                    + " For each query-document pair, carefully analyze the semantic relationship between them, then"
                    + " provide your binary relevance judgment (0 for not relevant, 1 for relevant).";

    private final String model;
    private final String yes;
    private final String no;
    private final String before;
    private final String after;

    Question(String model, String yes, String no, String before, String after) {
        this.model = model;
        this.yes = yes;
        this.no = no;
        this.before = before;
        this.after = after;
    }

    /** {@return what the model is called that is asked it} */
    public String model() {
        return model;
    }

    /** {@return whether this is what a {@link ChatTemplate} asks; of a model whose template says nothing nobody knows} */
    public boolean isIn(String template) {
        return after.contains(RELEVANCE) && template.contains(RELEVANCE);
    }

    /** One of the two answers that the model knows. */
    String yes() {
        return yes;
    }

    /** The other. */
    String no() {
        return no;
    }

    /** The tokens between the words around them, of which the end is cut. */
    abstract Tokenizer.Encoded asked(Tokenizer tokenizer, String prompt, String query, String document, int room);

    /**
     * The tokens of a question; of what is between the words around it the end is cut.
     *
     * @param prompt what is asked for; empty for the usual
     * @param most tokens
     * @throws IllegalArgumentException if the words around it leave no room
     */
    Tokenizer.Encoded encode(Tokenizer tokenizer, String prompt, String query, String document, int most) {
        int[] first = tokenizer.encodeAll(before);
        int[] last = tokenizer.encodeAll(after);
        int room = most - first.length - last.length;
        if (room < 1) {
            throw new IllegalArgumentException("a question has " + (first.length + last.length)
                    + " tokens around a query and a document, the model reads " + most);
        }
        Tokenizer.Encoded asked = asked(tokenizer, prompt, query, document, room);
        return new Tokenizer.Encoded(joined(first, asked.ids(), last), asked.truncated());
    }

    private static Tokenizer.Encoded cut(int[] tokens, int most) {
        return new Tokenizer.Encoded(Arrays.copyOf(tokens, Math.min(tokens.length, most)), tokens.length > most);
    }

    private static int[] joined(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(IntStream::of).toArray();
    }
}
