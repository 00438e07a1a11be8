/** What config.json says of an adaptive model: its {@code acm} object, read, checked and written. */
package io.tokenwise.acm.config;
