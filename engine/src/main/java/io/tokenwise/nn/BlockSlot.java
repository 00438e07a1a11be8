package io.tokenwise.nn;

/** A place in a model where a {@link Block} sits and can be replaced: the seam at which adaptive modules come in. */
public final class BlockSlot {
    private final String path;
    private Block block;

    /** @param path the block's place in the model, such as {@code encoder.layer.0.mlp} */
    public BlockSlot(String path, Block block) {
        this.path = path;
        this.block = block;
    }

    public String path() {
        return path;
    }

    public Block block() {
        return block;
    }

    public void replace(Block newBlock) {
        block = newBlock;
    }
}
