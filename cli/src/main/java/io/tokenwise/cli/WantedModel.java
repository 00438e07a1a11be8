package io.tokenwise.cli;

import java.util.ListResourceBundle;
import java.util.ResourceBundle;

/** Which models a command takes, as the help of its {@code --model} says it. */
enum WantedModel {
    TEXT_ENCODER("A text encoder: " + Names.FOLDER + ", " + Names.TEXT_ENCODERS + " (default: minilm-acm)."),
    DENSE_TEXT_ENCODER("A dense text encoder: " + Names.FOLDER
            + ", minilm, or bge-small or e5-small, by fetch (default: minilm)."),
    CROSS_ENCODER("A cross-encoder, which scores two texts together: " + Names.FOLDER + "; " + Names.NONE),
    TOKEN_CLASSIFIER("A classifier of tokens, ...ForTokenClassification: " + Names.FOLDER + "; " + Names.NONE),
    MASKED_LANGUAGE_MODEL("A masked language model with its head: " + Names.FOLDER
            + ", or bert-base, by fetch (default: bert-base)."),
    IMAGE_CLASSIFIER("A classifier of images: " + Names.FOLDER + ", " + Names.IMAGE_CLASSIFIERS + " (default: "
            + CommonOptions.IMAGE_MODEL + ")."),
    CLASSIFIER("A classifier of images, or of texts, ...ForSequenceClassification: " + Names.FOLDER + ", "
            + Names.IMAGE_CLASSIFIERS + " for images (default: " + CommonOptions.IMAGE_MODEL + ")."),
    SPEECH_RECOGNISER("A speech recogniser, Moonshine or a wav2vec 2.0 with CTC: " + Names.FOLDER + ", or "
            + Names.SPEECH_RECOGNISERS + " (default: " + Transcribe.DEFAULT_MODEL + ")."),
    ADAPTABLE(
            "What becomes adaptive, or goes on learning if it is: a text encoder, a cross-encoder, a classifier of texts, of"
                    + " tokens or of images, or a speech recogniser: " + Names.FOLDER + ", " + Names.TEXT_ENCODERS
                    + ", "
                    + Names.IMAGE_CLASSIFIERS + ", or " + Names.SPEECH_RECOGNISERS + " (default: minilm)."),
    SERVED(
            "Text and sparse encoders, cross-encoders, classifiers of texts or of images, and speech recognisers, with commas between, or this option again: each "
                    + Names.FOLDER + " (sparse:FOLDER for the sparse vectors that a text encoder's gives besides), "
                    + Names.TEXT_ENCODERS + ", " + Names.IMAGE_CLASSIFIERS + ", or "
                    + Names.SPEECH_RECOGNISERS + " (default: minilm-acm)."),
    NONE("None: this command makes a new one.");

    private final String help;

    WantedModel(String help) {
        this.help = help;
    }

    /** What picocli asks for descriptions: it has this one by such a key. */
    ResourceBundle help(String key) {
        return new ListResourceBundle() {
            @Override
            protected Object[][] getContents() {
                return new Object[][] {{key, help}};
            }
        };
    }

    /** Parts of the sentences: an enum's own constants come first. */
    private static final class Names {
        static final String FOLDER = "a folder in Hugging Face's layout";
        static final String TEXT_ENCODERS = "minilm-acm (adaptive) or minilm, or bge-small or e5-small, by fetch";
        static final String IMAGE_CLASSIFIERS = "vit-cifar10-acm (adaptive) or vit-cifar10";
        static final String SPEECH_RECOGNISERS = "moonshine-tiny or moonshine-base, by fetch";
        static final String NONE = "none comes with the build, nor by fetch.";
    }
}
