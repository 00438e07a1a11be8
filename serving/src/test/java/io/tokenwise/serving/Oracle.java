package io.tokenwise.serving;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import java.util.ArrayList;
import java.util.List;

/**
 * The best that anyone could deliver who knew all arrivals: for each second the first step at which its requests take no more than all of the workers' time, a mean of two steps where
 * it lies between. A bound: it lets requests of a second wait for each other, and batches cost nothing.
 */
final class Oracle {
    private Oracle() {}

    static double meanCosine(Simulation.Setting setting) {
        var model = new SimulatedModel();
        Control control = Control.auto(Simulation.TARGET, Simulation.LEAST_SHARE);
        var options = QueueOptions.defaults().withWorkers(setting.workers()).withControl(control);
        MeasuredModel<Object> measured = model.measured(options, true, 1);
        var range = BudgetRange.floating(Budget.of(Simulation.LEAST_SHARE), Budget.FULL);
        var seconds = new ArrayList<List<Choices>>();
        var tokens = new ArrayList<List<Integer>>();
        for (int second = 0; second < setting.seconds(); second++) {
            seconds.add(new ArrayList<>());
            tokens.add(new ArrayList<>());
        }
        for (SimulatedRequest request : new Simulation(setting).run().answered()) {
            int second = (int) request.arrivalSeconds();
            seconds.get(second)
                    .add(Choices.of(measured, control, new Request(new int[request.tokens], Deadline.NONE, range)));
            tokens.get(second).add(request.tokens);
        }
        double loss = 0;
        int all = 0;
        for (int second = 0; second < seconds.size(); second++) {
            loss += loss(model, seconds.get(second), tokens.get(second), setting.workers());
            all += seconds.get(second).size();
        }
        return 1 - loss / all;
    }

    private static double loss(SimulatedModel model, List<Choices> requests, List<Integer> tokens, int workers) {
        double available = 1e6 * workers;
        double lastLoss = 0;
        double lastMicros = 0;
        for (int step = 0; step <= Dial.STEPS; step++) {
            double loss = 0;
            double micros = 0;
            for (int i = 0; i < requests.size(); i++) {
                Choices.Choice choice = requests.get(i).at(step);
                loss += model.lost(tokens.get(i), choice.budget());
                micros += SimulatedModel.trueMicros(choice);
            }
            if (micros <= available) {
                double place = step == 0 ? 1 : (lastMicros - available) / (lastMicros - micros);
                return lastLoss + place * (loss - lastLoss);
            }
            lastLoss = loss;
            lastMicros = micros;
        }
        return lastLoss;
    }
}
