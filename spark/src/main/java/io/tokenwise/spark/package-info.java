/** Models in Apache Spark: columns that they compute from other columns, and functions for SQL. */
package io.tokenwise.spark;
