package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String commandLine) {
        return run(commandLine.isEmpty() ? new String[0] : commandLine.split(" "));
    }

    private int run(String... args) {
        return Tokenwise.commandLine(
                        InputStream.nullInputStream(),
                        false,
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        args)
                .execute(args);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "``| no command given",
                "embd| there is no command 'embd'; did you mean embed",
                "search index words| there is no command 'search'",
                "--modle x| Unknown options: '--modle', 'x'",
                "embed --modle x| did you mean --model",
                "embed --budget 1.5| Invalid value for option '--budget': 1.5 is outside 0..1",
                "embed --budget -0.01| -0.01 is outside 0..1",
                "embed --budget NaN| NaN is outside 0..1",
                "embed --budget half| 'half' is not a number from 0 to 1",
                "embed --budget| Missing required parameter for option '--budget'",
                "embed --budget 0.5 --flops 0.5| --budget is a share of time, --flops one of FLOPs: give one of them",
                "rerank q --model m --budget 0.5 --flops 0.5| --budget is a share of time, --flops one of FLOPs: give one of them",
                "classify a.jpg --budget 0.5 --flops 0.5| --budget is a share of time, --flops one of FLOPs: give one of them",
                "fill x --budget 0.5 --flops 0.5| --budget is a share of time, --flops one of FLOPs: give one of them",
                "ner x --model m --budget 0.5 --flops 0.5| --budget is a share of time, --flops one of FLOPs: give one of them",
                "transcribe a.wav --budget 0.5 --flops 0.5| --budget is a share of time, --flops one of FLOPs: give one of them",
                "eval sts f.csv --budget 0.5 --flops 0.5| --budget is a share of time, --flops one of FLOPs: give one of them",
                "eval mlm f --budget 0.5 --flops 0.5| --budget is a share of time, --flops one of FLOPs: give one of them",
                "eval asr f.csv --budget 0.5 --flops 0.5| --budget is a share of time, --flops one of FLOPs: give one of them",
                "classify a.jpg --budget 0.5 --mode hard| --mode hard bounds FLOPs, by construction: give --flops, not --budget",
                "embed --threads 0| Invalid value for option '--threads': give a whole number from 1 to 1024, not '0'",
                "embed --threads 100000| a whole number from 1 to 1024, not '100000'",
                "embed --threads two| Invalid value for option '--threads': give a whole number from 1 to 1024, not 'two'",
                "serve --port abc| Invalid value for option '--port': give a whole number from 0 to 65535, not 'abc'",
                "serve --port 99999| Invalid value for option '--port': give a whole number from 0 to 65535, not '99999'",
                "serve --drain-seconds 61| Invalid value for option '--drain-seconds': give a whole number from 1 to 60, not '61'",
                "serve --budget 3| --budget must be auto, off or a number from 0 to 1, not '3'",
                "serve --token-file no/such| Invalid value for option '--token-file': there is no file no/such",
                "serve --tls-key no/such| Invalid value for option '--tls-key': there is no file no/such",
                "serve --tls-key pom.xml| --tls-certificates and --tls-key go together: give both",
                "serve --host 0.0.0.0| host 0.0.0.0 can be reached from other machines: give a file of tokens (--token-file), or say",
                "serve --otlp here| the OTLP receiver must be a URL, as http://127.0.0.1:4318",
                "serve --model minilm-acm,minilm-acm| --model names minilm-acm twice",
                "serve --model minilm --model minilm-acm,minilm| --model names minilm twice",
                "serve --model minilm-acm,| --model names one that is empty",
                "embed --model minilm --model minilm-acm| option '--model' (MODEL) should be specified only once",
                "embed --backend tpu| auto, vector, onednn or cuda, not 'tpu'",
                "embed --precision F32| embed: Invalid value for option '--precision': give auto, f32, bf16, s8 or s7, not 'F32'",
                "embed text| embed: texts come from stdin, one a line: echo 'a text' | ./tokenwise embed",
                "embed two texts --budget 0.5| embed: texts come from stdin, one a line",
                "distill --out x| Missing required option: '--data=FILE'",
                "distill --data d --out x --tokens 0| must be 1 or more, not 0",
                "distill --data d --out x --learners 65| 65 learners: there must be 2 to 64",
                "distill --data d --out x --learners 1| 1 learners: there must be 2 to 64",
                "distill --data d --out x --precision s8| --precision s8 is for inference only: train in f32 or bf16",
                "demo --train --out x --precision s8| --precision s8 is for inference only: train in f32 or bf16",
                "demo --mlp-learners 2 --out x --precision s8| --precision s8 is for inference only: train in f32 or bf16",
                "demo --learners few| 'few' is not a whole number",
                "demo --store s4| give f32 or s8, not 's4'",
                "embed --as poem| text, query or passage, not 'poem'",
                "eval| no task given",
                "eval sts| Missing required parameter: 'FILE.csv'",
                "eval sts f.csv --budget 0.5,2| 2 is outside 0..1",
                "eval sts f.csv --seeds 0| must be 1 or more, not 0",
                "eval sts f.csv --max-tokens 2| must be 3 or more, not 2",
                "eval retrieval| Missing required parameter: 'DIR'",
                "eval classify| give TRAIN and TEST, or --wordnet",
                "eval classify train.csv| give TRAIN and TEST, or --wordnet",
                "eval classify a.csv b.csv --wordnet d| give TRAIN and TEST, or --wordnet",
                "eval classify --wordnet d --text a| --text is for TRAIN and TEST: --wordnet writes files of its own",
                "eval classify --wordnet d --label b| --label is for TRAIN and TEST: --wordnet writes files of its own",
                "eval classify a.csv b.csv --fit each| give dense or own, not 'each'",
                "eval retrival x| did you mean retrieval",
                "info| Missing required parameter: 'MODEL'",
                "fetch| give --cache FOLDER",
                "fetch nothing --cache d| nothing is called 'nothing'; there are bge-small, e5-small, bert-base,"
                        + " moonshine-tiny",
                "fetch mnist --list --cache d| give NAME or --list, not both",
                "fetch mnist brown| Unmatched argument at index 2: 'brown'",
                "bench| is run by the script: ./tokenwise bench"
            })
    void wrongUsageIsOneLineAndCodeTwo(String commandLine, String message) {
        assertThat(run(commandLine)).isEqualTo(2);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .contains(message)
                .startsWith("tokenwise");
    }

    @Test
    void anArgumentOfSeveralLinesIsShownInOne() {
        assertThat(run("no\nsuch", "command")).isEqualTo(2);
        assertThat(run("embed", "--budget", "a\nb")).isEqualTo(2);
        assertThat(run("info", "no\nsuch")).isNotZero();
        assertThat(run("eval", "sts", "no\nsuch.csv")).isNotZero();
        assertThat(err.toString().lines())
                .hasSize(4)
                .allMatch(line -> line.startsWith("tokenwise"))
                .first()
                .asString()
                .contains("there is no command 'no; such'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "demo",
                "embed",
                "rerank",
                "ner",
                "fill",
                "distill",
                "eval",
                "eval sts",
                "eval retrieval",
                "eval classify",
                "info",
                "check",
                "fetch",
                "test",
                "bench"
            })
    void everyCommandHasHelpWithExamples(String command) {
        assertThat(run((command + " --help").strip())).isZero();
        assertThat(err.toString()).isEmpty();
        assertThat(out.toString()).contains("Usage: ", "Print this help");
        assertThat(out.toString().lines()).allMatch(line -> line.length() <= 100);
        if (!command.equals("bench")) {
            assertThat(out.toString()).contains("Examples:");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "embed| A text encoder: a folder in Hugging Face's layout, minilm-acm (adaptive) or minilm, or bge-small or e5-small, by fetch (default: minilm-acm).",
                "rerank| A cross-encoder, which scores two texts together: a folder in Hugging Face's layout; none comes with the build, nor by fetch.",
                "ner| A classifier of tokens, ...ForTokenClassification: a folder",
                "fill| A masked language model with its head: a folder in Hugging Face's layout, or bert-base, by fetch (default: bert-base).",
                "transcribe| A speech recogniser, Moonshine or a wav2vec 2.0 with CTC:",
                "classify| A classifier of images, or of texts, ...ForSequenceClassification: a folder",
                "demo| A dense text encoder:",
                "distill| What becomes adaptive, or goes on learning if it is:",
                "finetune| A dense text encoder: a folder in Hugging Face's layout, minilm, or bge-small or e5-small, by fetch (default: minilm).",
                "serve| Text and sparse encoders, cross-encoders, classifiers of texts or of images, and speech recognisers, with commas between, or this option again:",
                "eval sts| A text encoder:",
                "eval retrieval| A text encoder:",
                "eval classify| A text encoder:",
                "eval vit| A classifier of images: a folder in Hugging Face's layout, vit-cifar10-acm (adaptive) or vit-cifar10 (default: vit-cifar10-acm).",
                "eval asr| A speech recogniser, Moonshine or",
                "eval mlm| A masked language model with its head:",
                "train vit| None: this command makes a new one.",
                "train ctc| None: this command makes a new one."
            })
    void helpSaysWhichModelsACommandTakes(String command, String models) {
        assertThat(run(command + " --help")).isZero();
        assertThat(out.toString().replaceAll("\\s+", " ")).containsOnlyOnce("--model=MODEL " + models);
    }

    @Test
    void rootHelpListsAllCommands() {
        run("--help");
        assertThat(out.toString())
                .contains(
                        "\n  demo ",
                        "\n  embed ",
                        "\n  rerank ",
                        "\n  ner ",
                        "\n  fill ",
                        "\n  distill ",
                        "\n  eval ",
                        "\n  info ",
                        "\n  check ",
                        "\n  fetch ",
                        "\n  test ",
                        "\n  bench ");
    }

    @Test
    void versionComesFromTheBuild() {
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).matches("(?s)tokenwise \\d+\\.\\d+.*Java 2\\d.*");
    }
}
