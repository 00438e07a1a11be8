/**
 * How a dense block becomes an adaptive one: what it does on sample inputs is measured, and by that it is cut into learners, or a narrow MLP is made of its most
 * important units.
 */
package io.tokenwise.acm.make;
