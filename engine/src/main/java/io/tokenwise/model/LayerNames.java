package io.tokenwise.model;

/**
 * Where a file has the tensors of a layer, within the layer and without {@code .weight} and {@code .bias}.
 *
 * @param up first matrix of the MLP
 * @param gate where the columns of the gates are; null if the MLP has none
 * @param down second matrix of the MLP
 */
public record LayerNames(Side query, Side key, Side value, Side output, Side up, Side gate, Side down, Norms norms) {
    /**
     * A matrix of a file, or one of those that lie in it one after the other.
     *
     * @param part which of them, from 0
     * @param parts how many there are: 1 if the matrix is the file's own
     */
    public record Side(String tensor, int part, int parts) {
        /** @throws IllegalArgumentException if there is no such part */
        public Side {
            if (part < 0 || part >= parts) {
                throw new IllegalArgumentException("part " + part + " of " + parts + " parts of " + tensor);
            }
        }

        public static Side of(String tensor) {
            return new Side(tensor, 0, 1);
        }
    }

    /**
     * @param attention of attention: before it, or after it where norms stand after
     * @param mlp of the MLP likewise
     * @param attended after attention where norms stand around; else null
     * @param added after the MLP likewise
     * @param query of heads' queries; null if they have none
     * @param key of heads' keys; null if they have none
     */
    public record Norms(String attention, String mlp, String attended, String added, String query, String key) {
        /** One of attention, one of the MLP. */
        public static Norms of(String attention, String mlp) {
            return new Norms(attention, mlp, null, null, null, null);
        }
    }

    /** Each matrix by itself, and no gate. */
    public static LayerNames of(
            String query, String key, String value, String output, String up, String down, Norms norms) {
        return new LayerNames(
                Side.of(query), Side.of(key), Side.of(value), Side.of(output), Side.of(up), null, Side.of(down), norms);
    }

    /** As Llama's files have them, and of many after it. */
    public static LayerNames llama(Norms norms) {
        return of(
                        "self_attn.q_proj",
                        "self_attn.k_proj",
                        "self_attn.v_proj",
                        "self_attn.o_proj",
                        "",
                        "mlp.down_proj",
                        norms)
                .gatedBy(Side.of("mlp.up_proj"), Side.of("mlp.gate_proj"));
    }

    /** The same with a gate. */
    public LayerNames gatedBy(Side newUp, Side newGate) {
        return new LayerNames(query, key, value, output, newUp, newGate, down, norms);
    }

    /** The same with Q, K and V one after the other in one matrix. */
    public LayerNames fused(String queryKeyValue) {
        return new LayerNames(
                new Side(queryKeyValue, 0, 3),
                new Side(queryKeyValue, 1, 3),
                new Side(queryKeyValue, 2, 3),
                output,
                up,
                gate,
                down,
                norms);
    }
}
