"""A Tokenwise model's forward pass in NumPy: python3 numpy_forward.py DIR [BUDGET] < ids > vectors; JSON lists, one a line; not for controls."""
import json, math, sys
from pathlib import Path
import numpy as np
folder, budget = Path(sys.argv[1]), float((sys.argv[2:] + [1])[0])
config = json.loads((folder / "config.json").read_text())
acm, hidden, heads = config.get("acm", {"modules": []}), config["hidden_size"], config["num_attention_heads"]
raw = (folder / "model.safetensors").read_bytes()  # the header's length in 8 bytes, the header, the data
header = json.loads(raw[8:(start := 8 + int.from_bytes(raw[:8], "little"))])
def tensor(name):
    (begin, end), dtype = header[name]["data_offsets"], {"F32": "<f4", "I8": "i1"}[header[name]["dtype"]]
    data = np.frombuffer(raw[start + begin:start + end], dtype).reshape(header[name]["shape"]).astype(np.float32)
    return data * tensor(name + ".scale")[:, None] if dtype == "i1" else data
def weight(name, dense):  # a learner's, which a file may have as what it differs by from the dense block's first rows and columns
    return (learned := tensor(name)) + acm.get("differences", False) * tensor(dense)[:len(learned), :learned.shape[1]]
linear = lambda x, name: x @ tensor(name + ".weight").T + tensor(name + ".bias")
gelu = lambda x: x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2
softmax = lambda x: np.exp(x - x.max(-1, keepdims=True)) / np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)
def norm(x, name):
    scaled = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + config["layer_norm_eps"])
    return scaled * tensor(name + ".weight") + tensor(name + ".bias")
def running(x, module):  # [tokens, learners], 1 where a learner runs; gates are told a budget such that they spend the wanted one on average
    told, learners = [np.interp(budget, curve["spent"], curve["told"]) for curve in acm["calibration"]], acm["learners"]  # for each length
    told = np.interp(round(4 * math.log2(len(x))) / 4, [math.log2(curve["tokens"]) for curve in acm["calibration"]], told)
    offsets = 8 * np.maximum(0, 1 - np.abs(told * 8 - np.arange(9))) @ tensor(module + ".acm.gate.budget")
    counts = (x @ tensor(module + ".acm.gate.weight").T + offsets).argmax(1)
    trained = acm.get("mlpLearners", learners - 1) if module.endswith("mlp") else learners - 1  # a token has at most so many, or all
    counts[(counts > trained) | (budget == 1)] = learners
    return (np.arange(learners) < counts[:, None]).astype(np.float32)
def mixed(runs, learned, dense, c):  # tokens with all learners have the dense block; the others c_0 and what their learners add
    return np.where(runs[:, -1:] == 1, dense, learned + c[0] + runs[:, :len(c) - 1] @ c[1:])
def mlp(x, layer):
    dense, path = linear(gelu(linear(x, layer + "intermediate.dense")), layer + "output.dense"), layer + "mlp.acm."
    if layer + "mlp" not in acm["modules"]: return dense
    runs, b1, width = running(x, layer + "mlp"), tensor(path + "b1"), config["intermediate_size"] // acm["learners"]
    units = gelu(x @ weight(path + "w1", layer + "intermediate.dense.weight").T + b1) * runs[:, :len(b1) // width].repeat(width, 1)
    return mixed(runs, units @ weight(path + "w2", layer + "output.dense.weight").T, dense, tensor(path + "c"))
def attention(x, layer):
    gates = {letter: running(x, m) for m in acm["modules"] if m.startswith(layer + "attention.") for letter in m.split(".")[-1]}
    path, units = layer + "attention.acm.", acm.get("units", {}).get(layer + "attention", {})
    learned = lambda values, letter, pair: values * gates[letter][:, np.repeat(units[pair], 8)]  # 8 columns a unit
    def project(name, pair):
        dense = linear(x, layer + "attention.self." + name)
        if name[0] not in gates: return dense
        values = x @ weight(f"{path}{name}.weight", f"{layer}attention.self.{name}.weight").T + tensor(f"{path}{name}.bias")
        partly = learned(values, name[0], pair) + (tensor(path + "query.rest") if name == "query" else 0)
        return np.where(gates[name[0]][:, -1:] == 1, dense, partly)
    q, k, v = (project(*p).reshape(len(x), heads, -1).swapaxes(0, 1) for p in [("query", "qk"), ("key", "qk"), ("value", "vo")])
    context = (softmax(q @ k.swapaxes(1, 2) / math.sqrt(hidden // heads)) @ v).swapaxes(0, 1).reshape(len(x), hidden)
    dense = linear(context, layer + "attention.output.dense")
    if "o" not in gates: return dense
    o = weight(path + "output.weight", layer + "attention.output.dense.weight")
    return mixed(gates["o"], learned(context, "o", "vo") @ o.T, dense, tensor(path + "output.c"))
for ids in map(json.loads, sys.stdin):
    tables = [tensor(f"embeddings.{table}_embeddings.weight") for table in ("word", "position", "token_type")]
    x = norm(tables[0][ids] + tables[1][:len(ids)] + tables[2][0], "embeddings.LayerNorm")
    for layer in (f"encoder.layer.{i}." for i in range(config["num_hidden_layers"])):
        x = norm(x + attention(x, layer), layer + "attention.output.LayerNorm")
        x = norm(x + mlp(x, layer), layer + "output.LayerNorm")
    y = x[0] if json.loads((folder / "1_Pooling/config.json").read_text())["pooling_mode_cls_token"] else x.mean(0)
    print(json.dumps((y / np.linalg.norm(y)).tolist()))
