package io.tokenwise.nn;

/** A place in a model where a {@link Block} sits and can be replaced: the seam at which adaptive modules come in. */
public final class BlockSlot {
    /** Whose layer the block is in. */
    public enum Role {
        /** It reads the rows that inputs are made into. */
        ENCODER,
        /** It reads the tokens of what is written, which have a budget of their own. */
        DECODER
    }

    private final String path;
    private final Role role;
    private Block block;

    /** @param path the block's place in the model, such as {@code encoder.layer.0.mlp} */
    public BlockSlot(String path, Role role, Block block) {
        this.path = path;
        this.role = role;
        this.block = block;
    }

    public String path() {
        return path;
    }

    public Role role() {
        return role;
    }

    public Block block() {
        return block;
    }

    public void replace(Block newBlock) {
        block = newBlock;
    }
}
