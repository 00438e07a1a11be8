package io.tokenwise.image;

/**
 * Which part of a data set is wanted.
 *
 * @param name of the folder that holds the part's classes, such as {@code train}; empty for all of the data set
 * @param needed whether the part must be there; if it need not and is not, all of the data set is wanted
 */
public record Split(String name, boolean needed) {
    /** All classes, which must lie in one folder. */
    public static final Split ALL = new Split("", false);

    /**
     * {@return the part of that name, which must be there}
     *
     * @param name of its folder
     */
    public static Split of(String name) {
        return new Split(name, true);
    }

    /**
     * {@return the part of that name if there is one, else all}
     *
     * @param name of its folder
     */
    public static Split usual(String name) {
        return new Split(name, false);
    }
}
