package io.tokenwise.backend.cuda;

import io.tokenwise.backend.Staying;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;

/** Rows that stay, on the device, which chooses them in one launch. The host sees them if it asks for {@link #stays}, which waits. */
final class CudaStaying extends Staying {
    private static final int BLOCK = 256;

    private final Launches launches;
    private int[] staying = new int[0];
    private int[] stays = new int[0];

    /** On the device: room for so many rows, and where those that stay lie. */
    private int room;

    private long address;

    CudaStaying(Launches launches) {
        this.launches = launches;
    }

    static CudaStaying of(Staying staying) {
        if (staying instanceof CudaStaying own) {
            return own;
        }
        throw new IllegalArgumentException("the rows that stay were chosen by a stream of another backend");
    }

    @Override
    protected void rank(Tensor gateValues) {
        if (count() == rows()) {
            return;
        }
        if (room < rows()) {
            int larger = Math.max(Bucket.of(rows()), 2 * room);
            address = launches.keep((long) larger * Integer.BYTES);
            room = larger;
        }
        launches.kernel("chooseStaying")
                .onlyWrites(null)
                .tensor(gateValues)
                .pointer(anyByHost() ? launches.upload(values(), rows(), Bucket.of(rows())) : 0)
                .table(less())
                .ints(kinds(), sequences())
                .offsets(offsets(), sequences())
                .offsets(stayingOffsets(), sequences())
                .integer(first())
                .integer(last())
                .pointer(address)
                .run(Bucket.of(sequences()), BLOCK);
    }

    @Override
    public int[] stays() {
        if (stays.length < rows()) {
            stays = new int[Math.max(rows(), 2 * stays.length)];
            staying = new int[stays.length];
        }
        if (count() == rows()) {
            Arrays.fill(stays, 0, rows(), 1);
            return stays;
        }
        launches.readInts(address, staying, count());
        Arrays.fill(stays, 0, rows(), 0);
        for (int i = 0; i < count(); i++) {
            stays[staying[i]] = 1;
        }
        return stays;
    }

    /** Where the rows that stay lie on the device, ascending, so many as {@link #count}; nowhere if all stay. */
    long address() {
        return address;
    }
}
