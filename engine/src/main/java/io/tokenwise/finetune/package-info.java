/** Training a dense encoder on labels: texts with classes, or pairs of texts with scores. */
package io.tokenwise.finetune;
