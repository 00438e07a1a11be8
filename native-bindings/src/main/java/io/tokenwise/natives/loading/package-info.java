/** Finding a native library, judging it and loading it for good; not for other modules. */
package io.tokenwise.natives.loading;
