/** x */
package io.tokenwise;
