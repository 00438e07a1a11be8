package io.tokenwise.fuzz;

/** Those that targets name. */
public final class Forms {
    public static final Form BYTES = BytesForm.ANY;
    public static final Form JSON = new JsonForm(".json");
    public static final Form SAFETENSORS = new SafetensorsForm();
    public static final Form PNG = ChunksForm.PNG;
    public static final Form JPEG = new JpegForm();
    public static final Form WAV = ChunksForm.WAV;
    public static final Form LINES = new LinesForm(".csv", ".tsv", ".jsonl", ".txt", ".http");
    public static final Form GZIPPED_LINES = new GzipForm(LINES);
    public static final Form TAR = new TarForm();
    public static final Form PYTORCH = new ZipForm(".bin");
    public static final Form ONNX = new ProtoForm(".onnx");

    private Forms() {}

    /** A file that is compressed, of any form within. */
    public static Form gzipped(Form content) {
        return new GzipForm(content);
    }
}
