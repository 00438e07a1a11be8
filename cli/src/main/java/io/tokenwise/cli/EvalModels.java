package io.tokenwise.cli;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Precision;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.session.OpenModel;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * The models of an evaluation, open.
 *
 * @param model the one that is evaluated
 * @param teacher the dense model that it was made of; the model itself if that is dense
 * @param reference the teacher in float32, with whose vectors the others' are compared; may be the teacher itself
 */
record EvalModels(OpenModel model, OpenModel teacher, OpenModel reference) implements AutoCloseable {
    /**
     * Opens a model and its teacher, or what {@code --teacher} names.
     *
     * @param name the model's
     * @param check throws if a model is not of the kind that is wanted
     * @throws BadFileException if one of them is no model
     * @throws IllegalArgumentException if their vectors cannot be compared
     */
    static EvalModels open(String name, CommonOptions options, EvalOptions eval, Consumer<ModelFiles> check)
            throws IOException {
        OpenModel model = OpenModel.open(name, options.engineOptions(), check);
        try {
            return withReference(options, model, openTeacher(model, options, eval, check), check);
        } catch (Throwable e) {
            model.close();
            throw e;
        }
    }

    /** The dense model that a model was made of, or what {@code --teacher} names; the model itself if that is dense. Otherwise as {@link #open}. */
    static OpenModel openTeacher(OpenModel model, CommonOptions options, EvalOptions eval, Consumer<ModelFiles> check)
            throws IOException {
        if (model.encoder().modules().isEmpty()) {
            refuseTeacher(model.files().description().name(), options, eval);
            return model;
        }
        String name = model.files().description().name();
        String teacherName = eval.teacher() == null ? model.encoder().teacher() : eval.teacher();
        OpenModel teacher = openTeacher(name, options, eval, teacherName, check);
        if (teacher.encoder().outputs() != model.encoder().outputs()) {
            int outputs = teacher.encoder().outputs();
            teacher.close();
            throw new IllegalArgumentException("--teacher " + teacherName + " gives vectors of " + outputs + " values, "
                    + name + " of " + model.encoder().outputs());
        }
        return teacher;
    }

    /** Of a dense model: there is nothing to compare it with. */
    static void refuseTeacher(String dense, CommonOptions options, EvalOptions eval) {
        if (eval.teacher() != null) {
            throw options.mistake(
                    "--teacher is for adaptive models, which are compared with it: " + dense + " is dense");
        }
    }

    private static OpenModel openTeacher(
            String model, CommonOptions options, EvalOptions eval, String name, Consumer<ModelFiles> check)
            throws IOException {
        try {
            return OpenModel.open(name, options.engineOptions(), check);
        } catch (BadFileException e) {
            if (eval.teacher() != null) {
                throw e;
            }
            throw new BadFileException(
                    name,
                    "the dense model that " + model + " was made of cannot be opened; say by --teacher where it is ("
                            + e.getMessage() + ")");
        }
    }

    private static EvalModels withReference(
            CommonOptions options, OpenModel model, OpenModel teacher, Consumer<ModelFiles> check) throws IOException {
        if (teacher.backend().precision() == Precision.F32) {
            return new EvalModels(model, teacher, teacher);
        }
        try {
            var float32 = options.engineOptions().withBackend(BackendChoice.FLOAT32);
            String name = teacher.files().description().name();
            return new EvalModels(model, teacher, OpenModel.open(name, float32, check));
        } catch (Throwable e) {
            teacher.close();
            throw e;
        }
    }

    /** Closing twice does nothing, so it does not matter which of them are the same. */
    @Override
    public void close() {
        reference.close();
        teacher.close();
        model.close();
    }
}
