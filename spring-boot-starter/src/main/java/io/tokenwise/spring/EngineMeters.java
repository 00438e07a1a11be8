package io.tokenwise.spring;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.tokenwise.Engine;

/** What an engine does now, as gauges. */
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
    }
}
