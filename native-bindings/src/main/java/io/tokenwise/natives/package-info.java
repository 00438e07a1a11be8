/**
 * Bindings to oneDNN through the Foreign Function and Memory API: {@link io.tokenwise.natives.OneDnn} is the library,
 * {@link io.tokenwise.natives.Product} a matrix product of one shape, {@link io.tokenwise.natives.Weights} its packed right-hand side,
 * and {@link io.tokenwise.natives.Binding} one caller's buffers, on which it runs.
 */
package io.tokenwise.natives;
