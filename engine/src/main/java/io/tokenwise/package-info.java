/** Texts to vectors, images to classes, speech to text, for services: {@link io.tokenwise.TextEncoder} is the way in, {@link io.tokenwise.Engine} what several models share. */
package io.tokenwise;
