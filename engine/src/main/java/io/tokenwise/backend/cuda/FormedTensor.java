package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;

/**
 * The rows of a stream's last normed or multiplied tensor in the form that tensor cores read: a layer norm leaves its result so, or the first product of a tensor does, and
 * all products read it whatever else is told in between, for as long as {@link WatchedMemory the tensor is as it was}.
 */
final class FormedTensor {
    /** Rows that narrowing first pays for: below, products narrow their left side themselves. Not measured. */
    static final int NARROWED_FIRST = 1_024;

    private final Launches launches;
    private final Precision precision;
    private final FormedRows formed = new FormedRows();

    // ---- the tensor, and when its form began to be made

    private long address;
    private int rows;
    private int columns;
    private long unseen;

    /** @param precision of the stream's products */
    FormedTensor(Launches launches, Precision precision) {
        this.launches = launches;
        this.precision = precision;
    }

    /** The form in which a layer norm leaves so many rows; F32 is none. */
    Precision afterNorm(int count) {
        boolean isNarrowedByProducts =
                precision == Precision.BF16 && !launches.wgmma() && Bucket.of(count) < NARROWED_FIRST;
        return isNarrowedByProducts ? Precision.F32 : precision;
    }

    /** What the next launch is to write, the tensor's rows in this form; nothing if it is F32. The form that there was is over. */
    FormedRows begin(Precision form, long tensor, int rowCount, int columnCount) {
        launches.watched().end();
        unseen = launches.unseen();
        address = tensor;
        rows = rowCount;
        columns = columnCount;
        if (form == Precision.F32) {
            formed.set(form, 0, 0);
        } else {
            formed.take(launches.forms(), form, rows, columns);
        }
        return formed;
    }

    /** The launch was told. */
    void end() {
        launches.watched().begin(address, (long) rows * columns * Float.BYTES, unseen);
    }

    /** A tensor's rows in a form, or null if they are not there. */
    FormedRows find(Precision form, long tensor, int rowCount, int columnCount) {
        boolean isThere = formed.form == form && address == tensor && rows == rowCount && columns == columnCount;
        return isThere && launches.watched().isAsItWas(launches.unseen()) ? formed : null;
    }
}
