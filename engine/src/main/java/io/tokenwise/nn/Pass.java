package io.tokenwise.nn;

import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What one forward pass carries: where it computes, where results lie, and in training the tape, which all operations ask for; its budget, its batch, what else parts of the model ask for, and what they keep from pass to pass.
 *
 * <p>One object serves many passes one after the other ({@link #begin}), and then allocates nothing. Not thread-safe.
 */
public final class Pass implements Recorder {
    private final Stream stream;
    private final Workspace workspace;
    private Tape tape;
    private final Map<Class<?>, Object> memories = new IdentityHashMap<>();
    private final Map<Class<?>, Object> given = new IdentityHashMap<>();

    /** One for all texts, or null. */
    private Budget budget = Budget.FULL;

    /** One for each text of the batch, or null. */
    private List<Budget> budgets;

    private TokenBatch batch;
    private int batchNumber;
    private Decoding decoding;
    private TeacherForcing teacherForcing;
    private List<Tensor> layerOutputs;

    public Pass(Stream stream, Workspace workspace) {
        this.stream = stream;
        this.workspace = workspace;
    }

    @Override
    public Stream stream() {
        return stream;
    }

    @Override
    public Workspace workspace() {
        return workspace;
    }

    @Override
    public Tape tape() {
        return tape;
    }

    /** Starts a pass for inference, the same budget for all texts. Tensors of the last pass become invalid. */
    public Pass begin(Budget newBudget) {
        return begin(newBudget, null);
    }

    /** Starts a pass for inference, a budget for each text of the batch; otherwise as {@link #begin(Budget)}. */
    public Pass begin(List<Budget> newBudgets) {
        return begin(null, newBudgets);
    }

    private Pass begin(Budget newBudget, List<Budget> newBudgets) {
        workspace.reset();
        budget = newBudget;
        budgets = newBudgets;
        batch = null;
        decoding = null;
        teacherForcing = null;
        tape = null;
        layerOutputs = null;
        given.clear();
        return this;
    }

    /** Goes on within the same workspace, recording on the tape (null: no longer). */
    public Pass train(Tape newTape) {
        tape = newTape;
        return this;
    }

    /** From here on the list gets what each layer gives; temporaries are kept. */
    public Pass collectLayers(List<Tensor> outputs) {
        layerOutputs = outputs;
        return this;
    }

    /** To be told what a layer gives. */
    public void layerDone(Tensor y) {
        if (layerOutputs != null) {
            layerOutputs.add(y);
        }
    }

    /** Whether somebody reads what lies between, as training does, and not only the result. */
    public boolean keepsTemporaries() {
        return tape != null || layerOutputs != null;
    }

    /** The texts whose tokens are the rows of what adaptive modules get from here on. */
    public Pass over(TokenBatch newBatch) {
        if (budgets != null && budgets.size() != newBatch.sequences()) {
            throw new IllegalArgumentException("a batch of " + newBatch.sequences() + " inputs with " + budgets.size()
                    + " budgets: give one for each");
        }
        batch = newBatch;
        batchNumber++;
        return this;
    }

    /** See {@link #over}. */
    public TokenBatch batch() {
        return batch;
    }

    /** Another one each time that {@link #over} is called: by it a {@link #memory} knows what it keeps of an earlier batch. */
    public int batchNumber() {
        return batchNumber;
    }

    /** The text that is written in this pass, token by token. */
    public Pass writing(Decoding newDecoding) {
        decoding = newDecoding;
        teacherForcing = null;
        return this;
    }

    /** From here on the batch is whole texts, which a decoder is to predict. */
    public Pass predicting(TokenBatch texts, TeacherForcing newTeacherForcing) {
        over(texts);
        decoding = null;
        teacherForcing = newTeacherForcing;
        return this;
    }

    /** See {@link #predicting}; null while a text is written. */
    public TeacherForcing teacherForcing() {
        return teacherForcing;
    }

    /** See {@link #writing}; null otherwise. */
    public Decoding decoding() {
        return decoding;
    }

    /** What a text of the batch may cost. */
    public Budget budget(int text) {
        return budgets == null ? budget : budgets.get(text);
    }

    /** What parts of the model get from here on that ask for this kind, such as who is told what they spend; null, or after the next {@link #begin}: nothing. */
    public <T> Pass with(Class<T> kind, T value) {
        given.put(kind, value);
        return this;
    }

    /** What was given {@link #with} its kind, or null. */
    public <T> T given(Class<T> kind) {
        return kind.cast(given.get(kind));
    }

    /** Working memory of this kind, which a part of the model keeps from pass to pass; one object for all that ask. */
    public <T> T memory(Class<T> kind, Supplier<T> make) {
        Object known = memories.get(kind);
        if (known == null) {
            known = make.get();
            memories.put(kind, known);
        }
        return kind.cast(known);
    }

    /** Where an operation's result lies, of the shape of an operand that nobody needs any more: in its place, or, where temporaries are kept, in a new tensor. */
    public Tensor over(Tensor x) {
        return keepsTemporaries() ? tensor(x.rows(), x.columns()) : x;
    }

    /** Opens a scope of temporaries. Where they are needed later, as with a tape, it has no effect. */
    public void push() {
        if (!keepsTemporaries()) {
            workspace.push();
        }
    }

    /** Closes the innermost scope. */
    public void pop() {
        if (!keepsTemporaries()) {
            workspace.pop();
        }
    }

    /** Closes the innermost scope, in which {@code result} lies: it goes on as the returned tensor, which in inference is y, of an outer scope. */
    public Tensor popKeeping(Tensor result, Tensor y) {
        if (keepsTemporaries()) {
            return result;
        }
        stream.copy(result, y);
        workspace.pop();
        return y;
    }
}
