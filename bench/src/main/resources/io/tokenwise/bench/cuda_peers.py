"""Times PyTorch and ONNX Runtime on models of MiniLM's and ViT-B/16's sizes with random weights, for ./tokenwise bench cuda.

Usage: python3 cuda_peers.py FILE [cpu], where FILE has the lengths of the texts, one a line. Prints one JSON object: rows of figures, and notes on what
was left out. With "cpu" it runs small sizes on the CPU, which tests the script and measures nothing.
"""
import io
import json
import sys
import time

rows, notes = [], []
try:
    import torch
    import torch.nn.functional as F
except ImportError as e:
    print(json.dumps({"rows": [], "notes": ["PyTorch is not there: %s" % e]}))
    sys.exit(0)

cpu = len(sys.argv) > 2 and sys.argv[2] == "cpu"
device = "cpu" if cpu else "cuda"
if not cpu and not torch.cuda.is_available():
    print(json.dumps({"rows": [], "notes": ["PyTorch %s sees no card" % torch.__version__]}))
    sys.exit(0)
torch.manual_seed(1)
torch.set_grad_enabled(False)


def wait():
    if not cpu:
        torch.cuda.synchronize()


def seconds(work):
    """The median of turns, each as many runs as take some 50 ms, after a second of warm-up."""
    end = time.perf_counter() + (0 if cpu else 1)
    runs = 0
    start = time.perf_counter()
    while True:
        work()
        wait()
        runs += 1
        if time.perf_counter() >= end:
            break
    repeats = max(1, int(0.05 * runs / (time.perf_counter() - start)))
    turns = []
    for _ in range(1 if cpu else 11):
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        wait()
        turns.append((time.perf_counter() - start) / repeats)
    return sorted(turns)[len(turns) // 2]


def row(peer, what, unit, value):
    rows.append({"peer": peer, "what": what, "unit": unit, "value": value})


class Layer(torch.nn.Module):
    def __init__(self, hidden, heads, units, norm_first):
        super().__init__()
        self.heads, self.norm_first = heads, norm_first
        self.qkv = torch.nn.Linear(hidden, 3 * hidden)
        self.output = torch.nn.Linear(hidden, hidden)
        self.up = torch.nn.Linear(hidden, units)
        self.down = torch.nn.Linear(units, hidden)
        self.norm1 = torch.nn.LayerNorm(hidden)
        self.norm2 = torch.nn.LayerNorm(hidden)

    def attend(self, x, mask):
        batch, tokens, hidden = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, self.heads, hidden // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.output(y.transpose(1, 2).reshape(batch, tokens, hidden))

    def mlp(self, x):
        return self.down(F.gelu(self.up(x)))

    def forward(self, x, mask):
        if self.norm_first:
            x = x + self.attend(self.norm1(x), mask)
            return x + self.mlp(self.norm2(x))
        x = self.norm1(x + self.attend(x, mask))
        return self.norm2(x + self.mlp(x))


class Bert(torch.nn.Module):
    def __init__(self, hidden=384, layers=6, heads=12, units=1536):
        super().__init__()
        self.words = torch.nn.Embedding(30522, hidden)
        self.positions = torch.nn.Embedding(512, hidden)
        self.norm = torch.nn.LayerNorm(hidden)
        self.layers = torch.nn.ModuleList(Layer(hidden, heads, units, False) for _ in range(layers))

    def forward(self, ids, keep):
        """keep [batch, tokens]: 1 for real tokens, 0 for padding."""
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.norm(self.words(ids) + self.positions(places))
        mask = (keep > 0)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        keep = keep.to(x.dtype)[:, :, None]
        return F.normalize((x * keep).sum(1) / keep.sum(1), dim=-1)


class Vit(torch.nn.Module):
    def __init__(self, hidden=768, layers=12, heads=12, units=3072):
        super().__init__()
        self.patches = torch.nn.Conv2d(3, hidden, 16, 16)
        self.first = torch.nn.Parameter(torch.zeros(1, 1, hidden))
        self.positions = torch.nn.Parameter(torch.zeros(1, 197, hidden))
        self.layers = torch.nn.ModuleList(Layer(hidden, heads, units, True) for _ in range(layers))
        self.norm = torch.nn.LayerNorm(hidden)
        self.head = torch.nn.Linear(hidden, 1000)

    def forward(self, pixels):
        x = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.first.expand(x.shape[0], -1, -1), x], 1) + self.positions
        for layer in self.layers:
            x = layer(x, None)
        return self.head(self.norm(x)[:, 0])


def batches(lengths, tokens):
    """Ids and masks, texts sorted by length, of at most so many tokens with padding."""
    result, some = [], []
    for length in sorted(lengths) + [None]:
        if some and (length is None or (len(some) + 1) * length > tokens):
            ids = torch.randint(1000, 30000, (len(some), some[-1]), device=device)
            keep = (torch.arange(some[-1], device=device) < torch.tensor(some, device=device)[:, None]).long()
            result.append((ids, keep))
            some = []
        some.append(length)
    return result


def compiled(model, name):
    """Also torch.compile, where it works."""
    yield name, model
    if not cpu:
        yield name + ", torch.compile", torch.compile(model)


def part(name, work):
    try:
        work()
    except Exception as e:
        notes.append("%s failed: %s" % (name, str(e).strip().split("\n")[0][:300]))


name = "torch %s bf16" % torch.__version__
lengths = [int(line) for line in open(sys.argv[1]) if line.strip()]
if cpu:
    lengths = lengths[:4]


def products():
    for m, n, k in [(64, 64, 64)] if cpu else [(4096, 1152, 384), (4096, 1536, 384), (4096, 384, 1536), (16384, 3072, 768)]:
        a = torch.randn(m, k, device=device, dtype=torch.bfloat16)
        b = torch.randn(k, n, device=device, dtype=torch.bfloat16)
        row(name, "product %d x %d x %d" % (m, n, k), "TFLOP/s", 2e-12 * m * n * k / seconds(lambda: a @ b))


def texts():
    model = Bert().to(device, torch.bfloat16).eval()
    some = batches(lengths, 16384)
    for label, run in compiled(model, name):
        part(label, lambda: row(label, "MiniLM, many texts", "tokens/s",
                                sum(lengths) / seconds(lambda: [run(*batch) for batch in some])))
        ids = torch.randint(1000, 30000, (1, 24), device=device)
        keep = torch.ones_like(ids)
        part(label, lambda: row(label, "MiniLM, one text of 24 tokens", "ms", 1e3 * seconds(lambda: run(ids, keep))))


def graph():
    """One text by a CUDA graph: what is left when launching costs nothing."""
    model = Bert().to(device, torch.bfloat16).eval()
    ids = torch.randint(1000, 30000, (1, 24), device=device)
    keep = torch.ones_like(ids)
    for _ in range(3):
        model(ids, keep)
    wait()
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        model(ids, keep)
    row(name + ", CUDA graph", "MiniLM, one text of 24 tokens", "ms", 1e3 * seconds(captured.replay))


def images():
    model = (Vit(layers=1) if cpu else Vit()).to(device, torch.bfloat16).eval()
    for label, run in compiled(model, name):
        for count in [1] if cpu else [1, 64]:
            pixels = torch.randn(count, 3, 224, 224, device=device, dtype=torch.bfloat16)
            part(label, lambda: row(label, "ViT-B/16, %d images a call" % count, "images/s",
                                    count / seconds(lambda: run(pixels))))


def onnx():
    try:
        import onnxruntime
    except ImportError as e:
        notes.append("ONNX Runtime is not there: %s" % e)
        return
    provider = "CPUExecutionProvider" if cpu else "CUDAExecutionProvider"
    if provider not in onnxruntime.get_available_providers():
        notes.append("ONNX Runtime %s has no %s" % (onnxruntime.__version__, provider))
        return
    model = Bert().eval()
    some = batches(lengths, 16384)
    file = io.BytesIO()
    axes = {0: "batch", 1: "tokens"}
    torch.onnx.export(model, (torch.ones(2, 8, dtype=torch.long), torch.ones(2, 8, dtype=torch.long)), file, dynamo=False,
                      input_names=["ids", "keep"], output_names=["vectors"], dynamic_axes={"ids": axes, "keep": axes})
    session = onnxruntime.InferenceSession(file.getvalue(), providers=[provider])
    if session.get_providers()[0] != provider:
        notes.append("ONNX Runtime fell back to %s" % session.get_providers()[0])
        return
    arrays = [{"ids": ids.cpu().numpy(), "keep": keep.cpu().numpy()} for ids, keep in some]
    label = "onnxruntime %s f32, ids and vectors on the host" % onnxruntime.__version__
    row(label, "MiniLM, many texts", "tokens/s", sum(lengths) / seconds(lambda: [session.run(None, a) for a in arrays]))


part("products", products)
part("texts", texts)
if not cpu:
    part("graph", graph)
part("images", images)
part("ONNX Runtime", onnx)
print(json.dumps({"rows": rows, "notes": notes}))
