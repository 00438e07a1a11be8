package io.tokenwise.image;

import io.tokenwise.fuzz.Form;
import io.tokenwise.fuzz.Forms;
import io.tokenwise.fuzz.Target;
import java.util.List;

/** Images, and sets of them. */
public final class ImageTargets {
    /** Pixels take up to 20 bytes each whatever the file's size is: callers say how many they want. Of two million it is 40 MB. */
    private static final int PIXELS = 2 << 20;

    private static final ImageReader READER = new ImageReader(PIXELS);
    private static final int SIZE = 8;

    private static final LabelledImageReader SETS =
            new LabelledImageReader(READER, SIZE, SIZE, image -> image.fitted(SIZE, SIZE, Resampling.BILINEAR));

    public static final List<Target> ALL = List.of(
            Target.file("png", "image.png", (input, _) -> READER.read(input.bytes(), "image.png"), Forms.PNG),
            Target.file("jpeg", "image.jpg", (input, _) -> READER.read(input.bytes(), "image.jpg"), Forms.JPEG),
            tar("tar", "set.tar", Forms.TAR),
            tar("tar-gz", "set.tar.gz", Forms.gzipped(Forms.TAR)),
            Target.folder(
                    "idx", (input, place) -> SETS.readIdx(place.folder(input), "train", LabelledImageReader.DIGITS)));

    private ImageTargets() {}

    private static Target tar(String name, String file, Form form) {
        return Target.file(name, file, (input, place) -> SETS.readTar(place.file(input), Split.of("train")), form);
    }
}
