package io.tokenwise.backend;

/** Some rows of a matrix, as a {@link Routing} has ordered them, and how many of them use each slice of a product; valid until the routing begins again. */
public interface RoutedRows {
    /** Rows of the matrix. */
    int rows();

    /** How many slices there are numbers for; products may have fewer. */
    int slices();
}
