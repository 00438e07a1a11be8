package io.tokenwise.references;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtModel;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript program in libtorch, through DJL. Its text is put into the archive that {@code torch.jit.save} would make, without weights:
 * they are arguments. So libtorch runs whole models by itself, as it does for those who export theirs from Python.
 */
public final class TorchScript implements AutoCloseable {
    /** A pickled object of class {@code __torch__.Model} whose one attribute, training, is false. */
    private static final String MODEL = "\u0080\u0002c__torch__\nModel\n)\u0081}(X\u0008\0\0\0training\u0089ub.";

    /** A pickled empty tuple. */
    private static final String NO_CONSTANTS = "\u0080\u0002).";

    private final Model model;
    private final PtSymbolBlock program;

    /**
     * Compiles the text of a class {@code Model(Module)}.
     *
     * @param name for messages
     */
    public TorchScript(String name, String code) throws IOException {
        try {
            model = Model.newInstance(name, engine().getEngineName());
            byte[] archive = archive(code.getBytes(StandardCharsets.UTF_8));
            ((PtModel) model).load(new ByteArrayInputStream(archive), Map.of());
            program = (PtSymbolBlock) model.getBlock();
        } catch (MalformedModelException | EngineException e) {
            throw new IOException(name + ": " + e.getMessage(), e);
        }
    }

    /** Whether libtorch is there for this platform: the project brings it for Linux on x86-64. */
    public static boolean isAvailable() {
        return System.getProperty("os.name").equals("Linux")
                && System.getProperty("os.arch").equals("amd64");
    }

    public static String version() {
        return engine().getVersion();
    }

    public static NDManager newManager() {
        return engine().newBaseManager();
    }

    private static Engine engine() {
        // Without these DJL would ask the network for a build that fits the machine's GPU.
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("PYTORCH_FLAVOR", "cpu");
        return Engine.getEngine("PyTorch");
    }

    /**
     * Runs the program so that it may take gradients. Arguments named {@code NAME[]} make one list. Results belong to the manager of the
     * first argument.
     */
    public NDList train(NDList arguments) {
        JniUtils.setGradMode(true);
        try {
            return IValueUtils.forward(program, arguments, true);
        } finally {
            JniUtils.setGradMode(false);
        }
    }

    /** Runs the program without gradients; the caller closes what it returns. */
    public IValue run(IValue... arguments) {
        return program.forward(arguments);
    }

    private static byte[] archive(byte[] code) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            add(zip, "version", "3\n".getBytes(StandardCharsets.US_ASCII));
            add(zip, "data.pkl", MODEL.getBytes(StandardCharsets.ISO_8859_1));
            add(zip, "constants.pkl", NO_CONSTANTS.getBytes(StandardCharsets.ISO_8859_1));
            add(zip, "code/__torch__.py", code);
        }
        return bytes.toByteArray();
    }

    private static void add(ZipOutputStream zip, String name, byte[] content) throws IOException {
        var entry = new ZipEntry("model/" + name);
        var sum = new CRC32();
        sum.update(content);
        entry.setSize(content.length);
        entry.setCompressedSize(content.length);
        entry.setCrc(sum.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }

    @Override
    public void close() {
        model.close();
    }
}
