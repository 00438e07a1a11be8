package io.tokenwise.backend;

import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cuda.CudaDevice;

/**
 * What the operations of package {@code op} compute with, of one {@link Stream}: each has a form for each kind. They ask by {@code instanceof}: a {@code switch} over the two
 * allocates nothing either, but each place that has one takes some milliseconds when it runs first (14 of them about 100).
 */
public sealed interface Device permits CpuDevice, CudaDevice {}
