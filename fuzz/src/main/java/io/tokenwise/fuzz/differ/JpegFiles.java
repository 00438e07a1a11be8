package io.tokenwise.fuzz.differ;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.plugins.jpeg.JPEGImageWriteParam;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * Random JPEG files as the JDK's writer makes them, which is libjpeg's: grey, YCbCr, RGB and inks, baseline and progressive, all samplings of the first
 * component, restart markers, qualities; and segments before the image: JFIF, Exif with an orientation, Adobe's, comments.
 */
final class JpegFiles {
    private static final int MOST_SIDE = 40;
    private static final String METADATA = "javax_imageio_jpeg_image_1.0";

    private final SplittableRandom random;
    private final int components;
    private final int width;
    private final int height;

    private JpegFiles(SplittableRandom random) {
        this.random = random;
        components = Words.any(random, 1, 3, 3, 3, 4);
        width = 1 + random.nextInt(random.nextBoolean() ? MOST_SIDE : 9);
        height = 1 + random.nextInt(random.nextBoolean() ? MOST_SIDE : 9);
    }

    static Kind.Made make(SplittableRandom random) {
        return new JpegFiles(random).make();
    }

    private Kind.Made make() {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        try {
            return write(writer);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
    }

    private Kind.Made write(ImageWriter writer) throws IOException {
        var how = (JPEGImageWriteParam) writer.getDefaultWriteParam();
        how.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        how.setCompressionQuality(random.nextInt(1, 101) / 100f);
        how.setOptimizeHuffmanTables(random.nextBoolean());
        boolean progressive = random.nextInt(3) == 0;
        how.setProgressiveMode(progressive ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
        Raster samples = samples();
        IIOMetadata metadata = writer.getDefaultImageMetadata(
                ImageTypeSpecifier.createFromBufferedImageType(
                        components == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB),
                how);
        var root = (IIOMetadataNode) metadata.getAsTree(METADATA);
        if (components == 4) {
            addComponent(root);
        }
        String said = sampling(root) + letters(root) + restarts(root);
        metadata.setFromTree(METADATA, root);
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(samples, null, metadata), how);
        }
        return withSegments(
                components + " components" + said + (progressive ? ", progressive" : ""), bytes.toByteArray());
    }

    /** The JDK has no form for inks: that of YCbCr, with another component. */
    private static void addComponent(IIOMetadataNode root) {
        first(root, "sof").setAttribute("numFrameComponents", "4");
        first(root, "sof").appendChild(again(root, "componentSpec", "componentId"));
        NodeList scans = root.getElementsByTagName("sos");
        if (scans.getLength() > 0) {
            first(root, "sos").setAttribute("numScanComponents", "4");
            first(root, "sos").appendChild(again(root, "scanComponentSpec", "componentSelector"));
        }
    }

    private static IIOMetadataNode first(IIOMetadataNode root, String name) {
        return (IIOMetadataNode) root.getElementsByTagName(name).item(0);
    }

    /** The first node of a name, as one of component 4. */
    private static IIOMetadataNode again(IIOMetadataNode root, String name, String id) {
        var node = new IIOMetadataNode(name);
        NamedNodeMap attributes = first(root, name).getAttributes();
        for (int i = 0; i < attributes.getLength(); i++) {
            node.setAttribute(
                    attributes.item(i).getNodeName(), attributes.item(i).getNodeValue());
        }
        node.setAttribute(id, "4");
        return node;
    }

    /** Each component's share of samples: usual ones, or any that go into each other, as far as a scan may have them (10 blocks together). */
    private String sampling(IIOMetadataNode root) {
        int[] across = new int[components];
        int[] down = new int[components];
        boolean usual = random.nextBoolean();
        int blocks;
        do {
            int mostAcross = random.nextInt(1, 5);
            int mostDown = random.nextInt(1, 5);
            blocks = 0;
            for (int i = 0; i < components; i++) {
                across[i] = usual && i > 0 ? 1 : factor(mostAcross);
                down[i] = usual && i > 0 ? 1 : factor(mostDown);
                blocks += across[i] * down[i];
            }
        } while (blocks > 10 || anyTwiceDownOnly(across, down));
        var said = new StringBuilder();
        NodeList all = root.getElementsByTagName("componentSpec");
        for (int i = 0; i < components; i++) {
            ((IIOMetadataNode) all.item(i)).setAttribute("HsamplingFactor", Integer.toString(across[i]));
            ((IIOMetadataNode) all.item(i)).setAttribute("VsamplingFactor", Integer.toString(down[i]));
            said.append(' ').append(across[i]).append('x').append(down[i]);
        }
        return said.toString();
    }

    /** Of a component with all columns and half of the rows libjpeg-turbo enlarges smoothly and older libjpegs, which many JDKs bring, by copies. */
    private static boolean anyTwiceDownOnly(int[] across, int... down) {
        int mostAcross = Arrays.stream(across).max().orElseThrow();
        int mostDown = Arrays.stream(down).max().orElseThrow();
        return IntStream.range(0, across.length).anyMatch(i -> across[i] == mostAcross && 2 * down[i] == mostDown);
    }

    /** The most, or what goes into it. */
    private int factor(int most) {
        return most == 4 ? Words.any(random, 1, 2, 4) : Words.any(random, 1, most);
    }

    /** Without JFIF's marker, the components' letters tell RGB. */
    private String letters(IIOMetadataNode root) {
        if (random.nextInt(3) > 0 && components < 4) {
            return "";
        }
        Node variety = root.getElementsByTagName("JPEGvariety").item(0);
        while (variety.hasChildNodes()) {
            variety.removeChild(variety.getFirstChild());
        }
        String letters = components != 3 ? "" : Words.any(random, "", "RGB", "rgb", "YCc");
        NodeList all = root.getElementsByTagName("componentSpec");
        NodeList scanned = root.getElementsByTagName("scanComponentSpec");
        for (int i = 0; i < letters.length(); i++) {
            String id = Integer.toString(letters.charAt(i));
            ((IIOMetadataNode) all.item(i)).setAttribute("componentId", id);
            // A progressive one's scans the writer makes.
            if (i < scanned.getLength()) {
                ((IIOMetadataNode) scanned.item(i)).setAttribute("componentSelector", id);
            }
        }
        return ", no JFIF " + letters;
    }

    private String restarts(IIOMetadataNode root) {
        if (random.nextInt(3) > 0) {
            return "";
        }
        var node = new IIOMetadataNode("dri");
        node.setAttribute("interval", Integer.toString(1 + random.nextInt(6)));
        root.getElementsByTagName("markerSequence")
                .item(0)
                .insertBefore(node, root.getElementsByTagName("sof").item(0));
        return ", restarts";
    }

    /** Noise, ramps, or flat parts with edges. */
    private Raster samples() {
        WritableRaster raster = Raster.createInterleavedRaster(0, width, height, components, null);
        int form = random.nextInt(3);
        int[] at = new int[components];
        int[] step = new int[2 * components];
        for (int i = 0; i < step.length; i++) {
            step[i] = random.nextInt(-12, 13);
        }
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < components; c++) {
                    at[c] = switch (form) {
                        case 0 -> random.nextInt(256);
                        case 1 ->
                            Math.clamp(
                                    128 + step[2 * c] * (x - width / 2) + step[2 * c + 1] * (y - height / 2), 0, 255);
                        default -> (x / 5 * step[2 * c] + y / 7 * step[2 * c + 1]) * 20 & 255;
                    };
                }
                raster.setPixel(x, y, at);
            }
        }
        return raster;
    }

    private Kind.Made withSegments(String written, byte[] jpeg) {
        String variety = written;
        byte[] file = jpeg;
        if (components > 1 && random.nextInt(4) == 0) {
            int transform = components == 3 ? random.nextInt(2) : Words.any(random, 0, 2);
            byte[] adobe = "Adobe\0d\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
            adobe[11] = (byte) transform;
            file = withSegment(file, 0xEE, adobe);
            variety += ", Adobe " + transform;
        }
        if (random.nextInt(3) == 0) {
            int orientation = 1 + random.nextInt(8);
            byte[] tiff = Exif.tiff(random, orientation);
            file = withSegment(
                    file,
                    0xE1,
                    ByteBuffer.allocate(6 + tiff.length)
                            .put("Exif\0\0".getBytes(StandardCharsets.ISO_8859_1))
                            .put(tiff)
                            .array());
            variety += ", Exif " + orientation;
        }
        if (random.nextInt(6) == 0) {
            byte[] text = new byte[random.nextInt(50)];
            random.nextBytes(text);
            file = withSegment(file, Words.any(random, 0xFE, 0xE4, 0xED), text);
        }
        return new Kind.Made(variety, file);
    }

    /** The JPEG with one more segment, right at its beginning. */
    private static byte[] withSegment(byte[] jpeg, int marker, byte[] data) {
        return ByteBuffer.allocate(jpeg.length + 4 + data.length)
                .put(jpeg, 0, 2)
                .put((byte) 0xFF)
                .put((byte) marker)
                .putShort((short) (2 + data.length))
                .put(data)
                .put(jpeg, 2, jpeg.length - 2)
                .array();
    }
}
