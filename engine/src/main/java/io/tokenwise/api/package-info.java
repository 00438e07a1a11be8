/**
 * What callers of the engine name and all of its layers know: how much a call may cost, what computes, in which numbers, and what is wrong with a
 * file. Nothing here depends on anything else.
 */
package io.tokenwise.api;
