/**
 * CUDA's driver through the Foreign Function and Memory API: {@link io.tokenwise.natives.cuda.Cuda} is a device with its memory,
 * {@link io.tokenwise.natives.cuda.CuStream} a queue of copies and kernels, {@link io.tokenwise.natives.cuda.CuModule} compiled kernels, and
 * {@link io.tokenwise.natives.cuda.CuGraph} noted operations that are launched together.
 */
package io.tokenwise.natives.cuda;
