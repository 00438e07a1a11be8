/**
 * Files: safetensors, ONNX weights, tokenizer.json and model directories in Hugging Face's layout.
 *
 * <p>A file from outside is hostile: sizes and offsets are checked before memory is touched, and what is wrong with it is
 * a {@link io.tokenwise.api.BadFileException} of one line. Files that are written appear under their name only when complete.
 */
package io.tokenwise.io;
