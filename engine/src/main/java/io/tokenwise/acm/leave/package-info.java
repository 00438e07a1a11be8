/** Tokens that leave before the layers, and the short path of those that stay: plans of how many rows and which layers, what they cost and what they lose. */
package io.tokenwise.acm.leave;
