package io.tokenwise.natives;

import static io.tokenwise.natives.DataType.F32;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** An application that is started again and again in new class loaders, as developer tools do, beside one that stays: nothing is taken from it when the others are collected. */
class CollectedLoaderTest {
    private static final int RESTARTS = 3;

    /** Makes another kernel with each call, or closes the library if the thread is interrupted. */
    public static final class Application implements Callable<Integer> {
        private final OneDnn library;
        private int kernels;

        public Application() throws OneDnnUnavailableException {
            library = OneDnn.open();
        }

        @Override
        public Integer call() {
            if (Thread.interrupted()) {
                library.close();
            } else {
                library.product(ProductSpec.of(101 + kernels++, 67, F32, F32, F32))
                        .scratchBytes(37);
            }
            return kernels;
        }
    }

    /** Of a JVM of its own, which keeps nothing that is reachable softly only, as the JDK does downcalls. */
    static final class Restarts {
        public static void main(String[] arguments) throws Exception {
            Callable<?> stays = application(loader());
            stays.call();
            for (int i = 0; i < RESTARTS; i++) {
                WeakReference<?> gone = restart();
                while (gone.get() != null) {
                    System.gc();
                    Thread.sleep(20);
                }
                System.out.print(stays.call());
            }
        }

        private static WeakReference<?> restart() throws Exception {
            try (URLClassLoader loader = loader()) {
                Callable<?> application = application(loader);
                application.call();
                Thread.currentThread().interrupt();
                application.call();
                return new WeakReference<>(loader);
            }
        }

        private static URLClassLoader loader() throws Exception {
            var urls = new ArrayList<URL>();
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
                urls.add(Path.of(entry).toUri().toURL());
            }
            return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
        }

        private static Callable<?> application(ClassLoader loader) throws ReflectiveOperationException {
            return (Callable<?>) loader.loadClass(Application.class.getName())
                    .getConstructor()
                    .newInstance();
        }
    }

    @Test
    void whatIsUnloadedTakesNothingFromOthers() throws Exception {
        Matrices.library().close();
        var flags = List.of("-Xmx256m", "-XX:SoftRefLRUPolicyMSPerMB=0", "-XX:-CreateCoredumpOnCrash");
        assertThat(ChildJvm.output(flags, Restarts.class)).isEqualTo("234");
    }
}
