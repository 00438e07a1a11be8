package io.tokenwise.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClassFoldersTest {
    private static final List<String> BOTH_SPLITS = List.of(
            "set/",
            "set/README",
            "set/train/",
            "set/train/dog/",
            "set/train/dog/2.jpg",
            "set/train/dog/1.jpg",
            "set/train/cat/",
            "set/train/cat/1.jpg",
            "set/test/",
            "set/test/cat/7.jpg",
            "set/test/dog/8.jpg");

    @Test
    void classesAndFilesAreSorted() {
        ClassFolders found = among(List.of("b/2", "b/10", "c/1", "a/9"), "");
        assertThat(found.classes()).containsExactly("a", "b", "c");
        assertThat(found.files()).containsExactly("a/9", "b/10", "b/2", "c/1");
        assertThat(found.labels()).containsExactly(0, 1, 1, 2);
    }

    @Test
    void splitNamesAFolder() {
        assertThat(among(BOTH_SPLITS, "train").files())
                .containsExactly("set/train/cat/1.jpg", "set/train/dog/1.jpg", "set/train/dog/2.jpg");
        assertThat(among(BOTH_SPLITS, "test").files()).containsExactly("set/test/cat/7.jpg", "set/test/dog/8.jpg");
    }

    /** CIFAR-100 has such a class. */
    @Test
    void aClassMayBeCalledTrain() {
        List<String> paths = List.of("set/train/train/1", "set/train/dog/2", "set/test/train/3", "set/test/dog/4");
        assertThat(among(paths, "train").files()).containsExactly("set/train/dog/2", "set/train/train/1");
        assertThat(among(paths, "test").files()).containsExactly("set/test/dog/4", "set/test/train/3");
    }

    @Test
    void hiddenFilesAndThoseBesideClassesDoNotCount() {
        ClassFolders found = among(
                List.of("README", "s/notes.txt", "s/a/1", "s/a/.DS_Store", "s/a/._1", "s/.git/x", "s/b/2", ".x/y/z/1"),
                "s");
        assertThat(found.files()).containsExactly("s/a/1", "s/b/2");
        assertThat(among(List.of("README", "s/notes", "s/a/1", "s/b/2"), "").files())
                .containsExactly("s/a/1", "s/b/2");
    }

    @Test
    void saysWhichFoldersThereAre() {
        refused(BOTH_SPLITS, "")
                .hasMessage(
                        "source: has classes in 2 folders: set/test/, set/train/; name one as the split, of which there"
                                + " may be only one");
        refused(BOTH_SPLITS, "val")
                .hasMessage("source: has no folder val; images must lie at CLASS/NAME or SPLIT/CLASS/NAME");
        refused(List.of("a/train/x/1", "b/train/y/2"), "train").hasMessageContaining("a/train/, b/train/");
    }

    @Test
    void classesThatAreNot() {
        refused(List.of(), "").hasMessageContaining("has no folder of images");
        refused(List.of("1.jpg", "2.jpg"), "").hasMessageContaining("has no folder of images");
        refused(List.of("train/", "train/README"), "train").hasMessageContaining("has no classes in train/");
        refused(List.of("a/1", "a/2"), "")
                .hasMessage(
                        "source: has only the class a; there must be a folder of images for each of two classes at least");
        refused(List.of("a/1", "b/1", "c/"), "").hasMessage("source: has no images of the class c");
        refused(List.of("t/a/1", "t/b/1", "t/c/.hidden", "t/c/"), "t")
                .hasMessage("source: has no images of the class c in t/");
        refused(List.of("t/a/1", "t/b/sub/1"), "t")
                .hasMessage("source: t/b/sub/1 lies too deep; images must lie at CLASS/NAME");
        refused(List.of("a/1", "b/1", "a/1"), "").hasMessage("source: has a/1 twice");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cifar-10-batches-py/data_batch_1", "cifar-10-batches-bin/data_batch_1.bin"})
    void cifarsOwnFiles(String path) {
        refused(List.of(path), "")
                .hasMessage("source: has only the class " + path.substring(0, path.indexOf('/'))
                        + "; there must be a folder of images for each of two classes at least:"
                        + " CIFAR-10's own files of many images each are not read");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../a/1", "/a/1", "a/../b/1", "a//1", "a/./1", "a\u001B[31m/1", "a/1\n", "//"})
    void hostilePaths(String path) {
        refused(List.of("a/2", "b/2", path), "")
                .hasMessageStartingWith("source: has an entry ")
                .hasMessageEndingWith("paths must be relative, without dots and control characters");
    }

    @ParameterizedTest
    @CsvSource({"''", "."})
    void theSourceItselfIsNoClass(String path) {
        assertThat(among(List.of(path + (path.isEmpty() ? "" : "x/"), "a/1", "b/1"), "")
                        .classes())
                .containsExactly("a", "b");
    }

    private static ClassFolders among(List<String> paths, String split) {
        return ClassFolders.among(paths, split.isEmpty() ? Split.ALL : Split.of(split), "source");
    }

    private static org.assertj.core.api.AbstractThrowableAssert<?, ?> refused(List<String> paths, String split) {
        return assertThatThrownBy(() -> among(paths, split)).isInstanceOf(BadFileException.class);
    }

    @Test
    void foldersInFoldersWithoutEnd() {
        refused(List.of("a/1", "b/1", "a/".repeat(4_000) + "1"), "")
                .hasMessageStartingWith("source: has an entry in more than 64 folders, one in the other: a/a/")
                .message()
                .hasSizeLessThan(700);
    }
}
