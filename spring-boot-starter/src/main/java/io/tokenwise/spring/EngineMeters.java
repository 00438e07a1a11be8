package io.tokenwise.spring;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.tokenwise.Engine;
import io.tokenwise.api.EngineMXBean;
import java.util.function.ToLongFunction;

/** What an engine does now, as gauges, and what it has done, as counters. */
final class EngineMeters implements MeterBinder {
    private final Engine engine;

    EngineMeters(Engine engine) {
        this.engine = engine;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("tokenwise.calls.running", engine, one -> one.state().getRunningCalls())
                .description("Calls that run now")
                .register(registry);
        Gauge.builder("tokenwise.calls.waiting", engine, one -> one.state().getWaitingCalls())
                .description("Calls that wait for others to end")
                .register(registry);
        Gauge.builder("tokenwise.workspace", engine, one -> one.state().getWorkspaceBytes())
                .description("Native memory of the calls, without weights")
                .baseUnit(BaseUnits.BYTES)
                .register(registry);
        calls(registry, "answered", EngineMXBean::getAnsweredCalls);
        calls(registry, "refused", EngineMXBean::getRefusedCalls);
        calls(registry, "expired", EngineMXBean::getExpiredCalls);
        calls(registry, "cancelled", EngineMXBean::getCancelledCalls);
        calls(registry, "failed", EngineMXBean::getFailedCalls);
        FunctionCounter.builder("tokenwise.inputs", engine, one -> one.state().getComputedInputs())
                .description("Texts, images and segments of speech that models have computed")
                .register(registry);
        FunctionCounter.builder("tokenwise.tokens", engine, one -> one.state().getComputedTokens())
                .description("Tokens of these")
                .register(registry);
    }

    private void calls(MeterRegistry registry, String outcome, ToLongFunction<EngineMXBean> total) {
        FunctionCounter.builder("tokenwise.calls", engine, one -> total.applyAsLong(one.state()))
                .description("Calls that have ended")
                .tag("outcome", outcome)
                .register(registry);
    }
}
