package io.tokenwise.session;

import io.tokenwise.api.Budget;
import io.tokenwise.model.Encoder;
import java.util.List;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A call that has embedded texts, told to Java Flight Recorder if somebody records it; of images and speech nothing is told. */
@Name("io.tokenwise.Embed")
@Label("Embed Texts")
@Category("Tokenwise")
@StackTrace(false)
final class EmbedEvent extends Event {
    @Label("Model")
    String model;

    @Label("Texts")
    @Description("Parts of texts that were split count as texts")
    int texts;

    @Label("Tokens")
    @Description("Special ones included")
    long tokens;

    @Label("Budget")
    @Description("Share that the texts were allowed, mean by tokens")
    double budget;

    @Label("Spent")
    @Description(
            "Share of the dense model's time that the texts cost, as the cost model predicts it, mean by tokens; NaN if only the gates know")
    double spent;

    @Label("Queue Time")
    @Description("Waiting for one of the engine's threads, if the caller's own does not compute, and for a session")
    @Timespan(Timespan.NANOSECONDS)
    long queueNanos;

    @Label("Compute Time")
    @Timespan(Timespan.NANOSECONDS)
    long computeNanos;

    /** Told only once all is computed, so that nothing of this costs while nobody records. */
    void tell(Encoder encoder, List<int[]> inputs, List<Budget> budgets) {
        model = encoder.description().name();
        texts = inputs.size();
        for (int i = 0; i < texts; i++) {
            int length = inputs.get(i).length;
            tokens += length;
            budget += length * budgets.get(i).share();
            spent += length * encoder.timeShare(inputs.get(i), budgets.get(i));
        }
        budget /= tokens;
        spent /= tokens;
        commit();
    }
}
