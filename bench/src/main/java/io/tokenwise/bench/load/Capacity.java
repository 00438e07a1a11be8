package io.tokenwise.bench.load;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Closed loops: how much a server answers if there is always something waiting, and how long a request takes if there is nothing else. */
final class Capacity {
    private Capacity() {}

    /** Requests a second with so many under way at any time. */
    static double perSecond(Connections connections, List<byte[]> requests, int underWay, double seconds)
            throws IOException, InterruptedException {
        var next = new AtomicInteger();
        var answered = new AtomicInteger();
        long begin = System.nanoTime();
        long end = begin + (long) (seconds * 1e9);
        Callable<Void> client = () -> {
            while (System.nanoTime() < end) {
                expect200(connections.call(requests.get(next.getAndIncrement() % requests.size())));
                answered.incrementAndGet();
            }
            return null;
        };
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Void>> running = new ArrayList<>();
            for (int i = 0; i < underWay; i++) {
                running.add(clients.submit(client));
            }
            for (Future<Void> one : running) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new IOException(
                    "the server does not answer at full load: " + e.getCause().getMessage(), e);
        }
        return answered.get() / ((System.nanoTime() - begin) / 1e9);
    }

    /** Median microseconds of a call, one after the other on one connection. */
    static double medianMicros(Connections connections, List<byte[]> requests, double seconds) throws IOException {
        var micros = new ArrayList<Double>();
        long end = System.nanoTime() + (long) (seconds * 1e9);
        for (int i = 0; System.nanoTime() < end; i++) {
            long begin = System.nanoTime();
            expect200(connections.call(requests.get(i % requests.size())));
            micros.add((System.nanoTime() - begin) / 1e3);
        }
        return LoadRow.quantile(
                micros.stream().mapToDouble(Double::doubleValue).sorted().toArray(), 0.5);
    }

    private static void expect200(HttpConnection.Response response) throws IOException {
        if (response.status() != 200) {
            throw new IOException("status " + response.status() + ": " + response.text());
        }
    }
}
