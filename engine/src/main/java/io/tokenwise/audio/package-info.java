/**
 * Sound on its way to a speech model: WAV files, resampling to 16 kHz, and cutting at pauses. Each step is a {@link
 * io.tokenwise.audio.Sound} that reads from the one before it, so hours of speech take no more memory than seconds.
 */
package io.tokenwise.audio;
