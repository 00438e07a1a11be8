/** What work costs on this machine: tables of measured times, and the prediction of a forward's time from them. */
package io.tokenwise.cost;
