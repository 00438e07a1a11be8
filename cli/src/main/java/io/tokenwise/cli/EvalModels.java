package io.tokenwise.cli;

import io.tokenwise.TextEncoder;
import io.tokenwise.acm.Acm;
import io.tokenwise.backend.BackendChoice;
import io.tokenwise.backend.Precision;
import io.tokenwise.io.BadFileException;
import java.io.IOException;

/**
 * The models of an evaluation, open.
 *
 * @param model the one that is evaluated
 * @param teacher the dense model that it was made of; the model itself if that is dense
 * @param reference the teacher in float32, with whose vectors the others' are compared; may be the teacher itself
 */
record EvalModels(TextEncoder model, TextEncoder teacher, TextEncoder reference) implements AutoCloseable {
    /**
     * Opens what {@code --model} and {@code --teacher} name.
     *
     * @throws BadFileException if one of them is no model
     * @throws IllegalArgumentException if their vectors cannot be compared
     */
    static EvalModels open(CommonOptions options, EvalOptions eval) throws IOException {
        TextEncoder model = options.open(options.model());
        if (model.encoder().acms().isEmpty()) {
            return withReference(options, options.model(), model, model);
        }
        try {
            String name = eval.teacher() == null ? model.encoder().teacher() : eval.teacher();
            TextEncoder teacher = openTeacher(options, eval, name);
            if (teacher.encoder().hidden() != model.encoder().hidden()) {
                int hidden = teacher.encoder().hidden();
                teacher.close();
                throw new IllegalArgumentException("--teacher " + name + " gives vectors of " + hidden + " values, "
                        + options.model() + " of " + model.encoder().hidden());
            }
            return withReference(options, name, model, teacher);
        } catch (Throwable e) {
            model.close();
            throw e;
        }
    }

    private static TextEncoder openTeacher(CommonOptions options, EvalOptions eval, String name) throws IOException {
        try {
            return options.open(name);
        } catch (BadFileException e) {
            if (eval.teacher() != null) {
                throw e;
            }
            throw new BadFileException(
                    name,
                    "the dense model that " + options.model()
                            + " was made of cannot be opened; say by --teacher where it is (" + e.getMessage() + ")");
        }
    }

    private static EvalModels withReference(
            CommonOptions options, String teacherName, TextEncoder model, TextEncoder teacher) throws IOException {
        if (teacher.backend().precision() == Precision.F32) {
            return new EvalModels(model, teacher, teacher);
        }
        try {
            var float32 = options.encoderOptions().withBackend(BackendChoice.FLOAT32);
            return new EvalModels(model, teacher, TextEncoder.open(teacherName, float32));
        } catch (Throwable e) {
            teacher.close();
            throw e;
        }
    }

    boolean dense() {
        return model == teacher;
    }

    /** Whether the model is a control: it has no gates, and spends the same whatever the budget. */
    boolean control() {
        return !dense() && model.encoder().acms().stream().allMatch(Acm::isFixed);
    }

    /** Closing twice does nothing, so it does not matter which of them are the same. */
    @Override
    public void close() {
        reference.close();
        teacher.close();
        model.close();
    }
}
