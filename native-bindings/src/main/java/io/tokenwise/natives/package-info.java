/** Bindings to oneDNN and CUDA through the Foreign Function and Memory API. Empty until the native GEMMs arrive. */
package io.tokenwise.natives;
