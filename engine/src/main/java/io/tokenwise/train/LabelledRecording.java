package io.tokenwise.train;

/**
 * A recording and what is said in it.
 *
 * @param name what messages call it
 * @param samples at 16 kHz, each from -1 to 1; not copied
 * @param text as a model is to write it
 */
public record LabelledRecording(String name, float[] samples, String text) {}
