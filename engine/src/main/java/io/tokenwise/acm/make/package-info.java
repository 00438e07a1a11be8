/** How a dense block becomes an adaptive one: what it does on sample inputs is measured, and by that it is cut into learners. */
package io.tokenwise.acm.make;
