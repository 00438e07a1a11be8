/**
 * A second opinion on every family of models: {@link io.tokenwise.references.Reference} runs it in libtorch, one input at a time, by a program
 * written from the sources of those who made the family. {@link io.tokenwise.references.RandomModel} makes weights on which every term matters.
 */
package io.tokenwise.references;
