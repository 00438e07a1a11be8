package io.tokenwise.cli;

import io.tokenwise.Classification;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The JSON shapes that commands print. They are kept stable: fields may be added, none is renamed or removed. */
final class Json {
    private static final JsonMapper MAPPER = new JsonMapper();

    private Json() {}

    /** {@code value} on one line. */
    static String line(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    /** The same with the number of the line that it is about, as {@code line}. */
    static String ofLine(long number, Object value) {
        ObjectNode object = MAPPER.createObjectNode().put("line", number);
        MAPPER.valueToTree(value).properties().forEach(field -> object.set(field.getKey(), field.getValue()));
        return object.toString();
    }

    /**
     * What {@code eval} prints.
     *
     * @param task {@code sts}, {@code retrieval}, {@code classify} or {@code asr}
     * @param data in words, what was measured on
     */
    record Eval(
            String task,
            String data,
            String model,
            String backend,
            String precision,
            int threads,
            List<EvalRow> rows) {}

    /**
     * One budget of an {@link Eval}.
     *
     * @param mode {@code soft}, {@code hard}, {@code static}, {@code random} or {@code dense}
     * @param metric the one that the task is judged by: {@code spearman}, {@code ndcg@10}, {@code accuracy} or {@code wer}
     * @param teacherCosine mean cosine to the dense model's vectors; null of speech, of which texts are compared
     * @param meanLearners learners per token and layer; where tokens leave, the share of those that stay; null when dense
     * @param spent measured share of the replaced layers' dense FLOPs that learners and gates cost
     * @param metrics that one and others, by name
     * @param ofDense the same as shares of the dense model's; null where that is 0
     * @param seeds runs that the row is the mean of
     * @param deviation standard deviation of {@code value} over the seeds; null for one seed
     * @param seconds from end to end
     * @param unit what the budget is a share of: {@code time} or {@code flops}
     * @param timeShare measured time in the model over the dense model's in the same run
     */
    record EvalRow(
            double budget,
            String mode,
            String metric,
            double value,
            Double teacherCosine,
            Double meanLearners,
            double spent,
            double flopsPerToken,
            double millisPerInput,
            Map<String, Double> metrics,
            Map<String, Double> ofDense,
            int seeds,
            Double deviation,
            double seconds,
            String unit,
            double timeShare) {}

    /**
     * What {@code transcribe} prints for each segment.
     *
     * @param startSeconds where it begins in the file
     */
    record Transcribed(String file, double startSeconds, double endSeconds, String text) {}

    /**
     * What {@code demo} prints.
     *
     * @param model folder of the adaptive model, or its built-in name
     * @param page the report
     * @param next a command to go on with
     */
    record Demo(String model, String page, String machine, String next, List<DemoRow> rows) {}

    /**
     * A line of the demo's table.
     *
     * @param meanLearners learners per token and layer; where tokens leave, the share of those that stay; null when dense
     * @param teacherCosine mean cosine to the dense model's results; null of scores, which have no direction
     * @param neighboursKept share of the dense model's ten nearest neighbours that are kept, of what has classes that which has its class, of scores pairs that stand in its
     *     order; null if not measured
     * @param teacherCorrelation of scores that to the dense model's; else null
     */
    record DemoRow(
            double budget,
            String mode,
            Double meanLearners,
            double flopsPerToken,
            double millisShort,
            double millisLong,
            Double teacherCosine,
            Double neighboursKept,
            Double teacherCorrelation) {
        /** @param scores whether these are compared */
        static DemoRow of(Row row, boolean scores) {
            return new DemoRow(
                    row.budget(),
                    row.mode().inJson(),
                    orNull(row.meanLearners()),
                    row.flopsPerToken(),
                    row.millisShort(),
                    row.millisLong(),
                    scores ? null : row.agreement(),
                    orNull(row.kept()),
                    scores ? row.agreement() : null);
        }

        private static Double orNull(double value) {
            return Double.isNaN(value) ? null : value;
        }
    }

    /**
     * What {@code info} prints.
     *
     * @param learners learners of each module; null for a dense model
     * @param mlpLearners how many of them a token's MLP has at most, unless it has all; null if MLPs are dense
     * @param maxTokens longer texts are cut to this many tokens
     * @param stored types of the weights in the file, by safetensors' names
     * @param cuda the CUDA device that backend cuda would take, or why there is none
     * @param flopsAtTokens length of the text for which FLOPs per token are given
     * @param flopsPerToken by budget, and by {@code dense}
     * @param inputs {@code texts}, {@code images} or {@code recordings}
     * @param labels of an image classifier's classes; else empty
     * @param tokensLeave whether budgets are kept by tokens that leave before the first layer
     * @param cost what the dense model is predicted to take here; null of speech
     */
    record Info(
            String model,
            int layers,
            int hidden,
            Integer learners,
            Integer mlpLearners,
            long parameters,
            int maxTokens,
            List<String> stored,
            int flopsAtTokens,
            String backend,
            String precision,
            String cuda,
            Map<String, Double> flopsPerToken,
            String inputs,
            List<String> labels,
            boolean tokensLeave,
            Cost cost) {}

    /**
     * What {@code check} prints.
     *
     * @param longest tokens of the longest text that config.json speaks of, if maxTokens are all that is supported; else 0
     * @param text null of models that read no text
     * @param used fields of config.json that are read; empty of built-in models
     * @param harmless those that change no number
     * @param unknown those that are not understood
     * @param known whose numbers it is compared with; null if there are none
     * @param right whether all is as it should be, as far as can be told
     */
    record Check(
            String model,
            String inputs,
            int layers,
            int hidden,
            int maxTokens,
            int longest,
            int outputs,
            CheckedText text,
            List<String> used,
            List<String> harmless,
            List<String> unknown,
            String known,
            List<Compared> compared,
            boolean right) {}

    /**
     * What becomes of a text.
     *
     * @param kind of model, such as {@code a text encoder}
     * @param tokenizer what kind it is
     * @param tokens that it knows
     * @param pooling how tokens' vectors become one; null where they do not
     * @param dense widths of the dense layers behind that, in their order
     * @param normalized whether vectors are of length 1
     * @param shorter for how many of its first values it was trained too, as far as its files say
     * @param prompts by their names
     * @param usual the prompt of texts of which nothing is said; null if there is none
     * @param adaptive what of it can become adaptive; empty if nothing can, or it is already
     * @param labels of its classes; empty if it tells none
     * @param memory bytes that a call takes at most, by the tokens of its texts
     * @param words numbers that it gives for each token too, as a masked language model; else 0
     * @param queries weights of the table in which a sparse encoder looks queries up; 0 where the model reads them too
     * @param besides what else the model can be opened as by layers beside it, such as {@code a sparse encoder}
     */
    record CheckedText(
            String kind,
            String tokenizer,
            int tokens,
            String pooling,
            List<Integer> dense,
            boolean normalized,
            List<Integer> shorter,
            Map<String, String> prompts,
            String usual,
            List<String> adaptive,
            List<String> labels,
            Map<Integer, Long> memory,
            int words,
            int queries,
            List<String> besides) {}

    /**
     * Numbers that were compared with published ones.
     *
     * @param largest difference of them
     * @param within whether that is not above the tolerance
     */
    record Compared(String what, double largest, double tolerance, boolean within, String source) {}

    /**
     * The time of a forward of one text or image alone, on one thread.
     *
     * @param table where the prediction is from
     * @param measured whether the table was measured on this machine
     * @param predictedMillis by number of tokens
     * @param plans what inputs get at some budgets, if the model's tokens leave; else empty
     */
    record Cost(String table, boolean measured, Map<Integer, Double> predictedMillis, List<Plan> plans) {}

    /**
     * What an input gets at a budget.
     *
     * @param budget share of the dense model's time
     * @param rows tokens that stay
     * @param narrowLayers of the layers that they go through, so many in their narrow form
     */
    record Plan(int tokens, double budget, int rows, int narrowLayers, double predictedMillis) {}

    /**
     * What {@code distill} prints.
     *
     * @param model the dense model
     * @param out folder of the adaptive one
     * @param report the page
     * @param heldOut what the student was worth, in the precision of training
     * @param rows what is in the page's table
     */
    record Distilled(String model, String out, int learners, String report, HeldOut heldOut, List<DemoRow> rows) {}

    /**
     * What {@code distill --control} prints.
     *
     * @param model the dense model
     * @param out folder of the control
     * @param control its kind: {@code width}, {@code modules}, {@code layers} or {@code words}
     * @param heldOut its quality; its budget is the control's, of words half of them, and spent is then a share of the tokens
     */
    record Control(String model, String out, String control, HeldOut heldOut) {}

    /**
     * Quality at half budget on what was not trained on.
     *
     * @param texts how many
     * @param teacherCosine mean cosine to the dense model's results; null of scores
     * @param spent measured share of the replaced layers' dense FLOPs
     * @param teacherCorrelation of scores that to the dense model's; else null
     */
    record HeldOut(int texts, double budget, Double teacherCosine, double spent, Double teacherCorrelation) {}

    /**
     * What {@code finetune} prints.
     *
     * @param model the dense model
     * @param out folder of the fine-tuned one
     * @param labels texts with a class, or pairs with a score, those held out included
     * @param heldOutRight share of the held-out ones that it has right: texts by their class, of any two pairs with different scores those
     *     in the right order; null if all of these have the same score
     */
    record Finetuned(String model, String out, int labels, Double heldOutRight) {}

    /**
     * What {@code classify} prints for each image.
     *
     * @param label of the likeliest class
     * @param probability of it
     * @param probabilities of all classes, by label
     */
    record Classified(String file, String label, double probability, Map<String, Double> probabilities) {}

    /** What {@code classify} prints for each text; otherwise as {@link Classified}. */
    record ClassifiedText(String text, String label, double probability, Map<String, Double> probabilities) {}

    /** The probabilities of all classes by their labels, in their order. */
    static Map<String, Double> byLabel(Classification found, List<String> labels) {
        Map<String, Double> probabilities = new LinkedHashMap<>();
        for (int c = 0; c < labels.size(); c++) {
            probabilities.put(labels.get(c), found.probabilities()[c]);
        }
        return probabilities;
    }

    /**
     * What {@code train} prints.
     *
     * @param out the model's folder
     * @param images those held out included
     * @param heldOutRight share of the held-out images whose class it has right
     */
    record Trained(String out, int images, int classes, double heldOutRight) {}

    /**
     * What {@code train ctc} prints.
     *
     * @param recordings those held out and those left out included
     * @param leftOut those that are too short for their texts
     * @param heldOutRight share of the held-out recordings of which it writes the very text
     */
    record TrainedSpeech(String out, int recordings, int leftOut, double heldOutRight) {}

    /**
     * What {@code fetch} prints without a name.
     *
     * @param folder where each lies below its name, if it is here
     */
    record Fetchables(String folder, List<FetchableRow> rows) {}

    /**
     * A model or data set that can be fetched.
     *
     * @param kind {@code model} or {@code data}
     * @param from registries and coordinates of its packages
     * @param downloadMegabytes size of the packages
     * @param megabytes size on disk
     * @param here whether its folder is there; only fetching it checks what is in it
     */
    record FetchableRow(
            String name,
            String kind,
            String licence,
            String from,
            int downloadMegabytes,
            int megabytes,
            boolean here) {}

    /**
     * What {@code fetch} prints.
     *
     * @param folder where it is
     * @param fetched false if it was here already
     */
    record Fetched(String name, String folder, boolean fetched) {}
}
