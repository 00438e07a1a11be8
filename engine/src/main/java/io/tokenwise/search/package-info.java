/** Search: test collections, and how good a ranking of their documents is. */
package io.tokenwise.search;
