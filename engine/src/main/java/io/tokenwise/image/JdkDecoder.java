package io.tokenwise.image;

import io.tokenwise.api.BadFileException;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * The JDK's own decoder of a format, whatever others the class path has. It gives samples as they are stored; colours are ours, because the JDK
 * would apply profiles and gamma, and nobody who trains models does so.
 */
record JdkDecoder(ImageReaderSpi provider) {
    private interface Reading<T> {
        T from(ImageReader reader) throws IOException;
    }

    static JdkDecoder find(String format) {
        Iterator<ImageReaderSpi> providers =
                IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, true);
        while (providers.hasNext()) {
            ImageReaderSpi provider = providers.next();
            boolean own = provider.getClass().getModule().equals(ImageReaderSpi.class.getModule());
            if (own && List.of(provider.getFormatNames()).contains(format)) {
                return new JdkDecoder(provider);
            }
        }
        throw new IllegalStateException("this Java runtime cannot read " + format + "; its module java.desktop does");
    }

    Image decode(JpegHeader header, String name) {
        List<String> warnings = new ArrayList<>();
        Raster raster = read(header.decodable(), name, reader -> {
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            return reader.readRaster(0, null);
        });
        for (String warning : warnings) {
            // libjpeg goes on, with grey. But bytes between segments, as some cameras leave them, hurt nobody.
            boolean truncated = warning.startsWith("Truncated") || warning.startsWith("Premature");
            if (truncated || warning.startsWith("Corrupt") && !warning.contains("extraneous bytes")) {
                throw new BadFileException(name, "is a truncated or corrupt JPEG: " + warning);
            }
        }
        return image(raster, header.colors());
    }

    Image decode(PngHeader header, String name) {
        return read(header.decodable(), name, reader -> {
            BufferedImage decoded = reader.read(0);
            return image(decoded.getRaster(), pngColors(decoded));
        });
    }

    private static PixelColors pngColors(BufferedImage decoded) {
        if (decoded.getColorModel() instanceof IndexColorModel palette) {
            return (samples, at) -> palette.getRGB(samples[at]) & 0xFFFFFF;
        }
        int drop = decoded.getSampleModel().getSampleSize(0) - 8;
        boolean grey = decoded.getRaster().getNumBands() < 3;
        return grey
                ? (samples, at) -> (samples[at] >> drop) * 0x010101
                : (samples, at) -> samples[at] >> drop << 16 | samples[at + 1] >> drop << 8 | samples[at + 2] >> drop;
    }

    private static Image image(Raster raster, PixelColors colors) {
        int width = raster.getWidth();
        int height = raster.getHeight();
        int bands = raster.getNumBands();
        int[] rgb = new int[width * height];
        int[] samples = new int[width * bands];
        for (int y = 0; y < height; y++) {
            raster.getPixels(0, y, width, 1, samples);
            for (int x = 0; x < width; x++) {
                rgb[y * width + x] = colors.rgb(samples, x * bands);
            }
        }
        return new Image(width, height, rgb);
    }

    /** Hostile files also make the JDK's decoders throw exceptions that are not about files. */
    private <T> T read(byte[] bytes, String name, Reading<T> reading) {
        ImageReader reader = null;
        try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            reader = provider.createReaderInstance();
            reader.setInput(in, true, true);
            return reading.from(reader);
        } catch (IOException | RuntimeException e) {
            if (e.getCause() instanceof OutOfMemoryError full) {
                // The JDK's PNG decoder makes an IOException of it.
                throw full;
            }
            throw new BadFileException(
                    name, "is truncated or corrupt: " + Objects.requireNonNullElse(e.getMessage(), e.toString()), e);
        } finally {
            if (reader != null) {
                reader.dispose();
            }
        }
    }
}
