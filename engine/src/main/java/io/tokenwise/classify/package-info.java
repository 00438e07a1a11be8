/** Classes from vectors. */
package io.tokenwise.classify;
