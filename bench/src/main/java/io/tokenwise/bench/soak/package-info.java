/** {@code bench soak}: everything at once for hours, with faults: is memory flat, are results the same, is nothing left? */
package io.tokenwise.bench.soak;
