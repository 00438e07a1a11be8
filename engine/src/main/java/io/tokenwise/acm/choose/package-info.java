/**
 * Who gets what: for each token how many learners of a module run. Gates, and how a request becomes what they are told: calibration, and hard budgets with their
 * split among modules.
 */
package io.tokenwise.acm.choose;
