/** Text encoders for services: {@link io.tokenwise.TextEncoder} is the way in. */
package io.tokenwise;
