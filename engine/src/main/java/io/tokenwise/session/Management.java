package io.tokenwise.session;

import io.tokenwise.api.EngineMXBean;
import java.lang.management.ManagementFactory;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** An engine's MXBean in the platform's server. Apart from all else, so that nothing of JMX is loaded for who does not ask. */
record Management(EngineCore core) implements EngineMXBean {
    /** Registers the bean of an engine, and returns what takes it away again. */
    static Runnable register(EngineCore core) {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        try {
            ObjectName name = register(server, new Management(core));
            return () -> unregister(server, name);
        } catch (JMException e) {
            throw new IllegalStateException("the engine's MXBean cannot be registered: " + e.getMessage(), e);
        }
    }

    private static ObjectName register(MBeanServer server, Management bean) throws JMException {
        for (int id = 1; ; id++) {
            var name = new ObjectName("io.tokenwise:type=Engine,id=" + id);
            try {
                server.registerMBean(bean, name);
                return name;
            } catch (InstanceAlreadyExistsException _) {
                // Another engine's; perhaps of another class loader.
            }
        }
    }

    private static void unregister(MBeanServer server, ObjectName name) {
        try {
            server.unregisterMBean(name);
        } catch (InstanceNotFoundException _) {
            // Somebody else took it away.
        } catch (JMException e) {
            throw new IllegalStateException("the engine's MXBean cannot be taken away: " + e.getMessage(), e);
        }
    }

    @Override
    public String getBackend() {
        return core.backend().name();
    }

    @Override
    public String getPrecision() {
        return core.backend().precision().label();
    }

    @Override
    public int getThreads() {
        return core.backend().threads();
    }

    @Override
    public String[] getModels() {
        return core.names();
    }

    @Override
    public int getConcurrentCalls() {
        return core.options().concurrentCalls();
    }

    @Override
    public int getRunningCalls() {
        return core.sessions().stream().mapToInt(SessionPool::lent).sum();
    }

    @Override
    public int getWaitingCalls() {
        return core.sessions().stream().mapToInt(SessionPool::waiting).sum()
                + core.calls().waiting();
    }

    @Override
    public long getWorkspaceBytes() {
        return core.sessions().stream().mapToLong(SessionPool::bytes).sum();
    }

    @Override
    public long getAnsweredCalls() {
        return core.totals().answered.sum();
    }

    @Override
    public long getRefusedCalls() {
        return core.totals().refused.sum();
    }

    @Override
    public long getExpiredCalls() {
        return core.totals().expired.sum();
    }

    @Override
    public long getCancelledCalls() {
        return core.totals().cancelled.sum();
    }

    @Override
    public long getFailedCalls() {
        return core.totals().failed.sum();
    }

    @Override
    public long getComputedInputs() {
        return core.sessions().stream().mapToLong(SessionPool::inputs).sum();
    }

    @Override
    public long getComputedTokens() {
        return core.sessions().stream().mapToLong(SessionPool::tokens).sum();
    }
}
