"""safetensors' own reader: a line for each tensor, with its values as float32 where our reader has values too."""

import os
import tempfile
import warnings

import numpy as np
import safetensors
from safetensors import deserialize, safe_open

import peer

# Doubles beyond float32 become infinite.
warnings.filterwarnings("ignore")

scratch = os.path.join(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None), "model.safetensors")


def floats(name, tensors):
    """As our reader has them; None if these are no weights to it."""
    tensor = tensors[name]
    data = tensor["data"]
    match tensor["dtype"]:
        case "F32":
            return np.frombuffer(data, "<f4")
        case "F16":
            return np.frombuffer(data, "<f2").astype("<f4")
        case "BF16":
            return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
        case "F64":
            return np.frombuffer(data, "<f8").astype("<f4")
        case "I8":
            scale = tensors.get(name + ".scale")
            if scale and scale["dtype"] == "F32" and scale["shape"] == tensor["shape"][:1] and len(tensor["shape"]) == 2:
                rows = np.frombuffer(scale["data"], "<f4").reshape(-1, 1)
                return (np.frombuffer(data, "i1").reshape(tensor["shape"]).astype("<f4") * rows).ravel()
    return None


def read(content):
    tensors = dict(deserialize(content))
    # Only a file has its metadata.
    with open(scratch, "wb") as file:
        file.write(content)
    with safe_open(scratch, framework="np") as file:
        metadata = file.metadata() or {}
        assert sorted(file.keys()) == sorted(tensors)
    lines = [f"metadata {key.encode().hex()} {value.encode().hex()}" for key, value in metadata.items()]
    for name, tensor in tensors.items():
        if name.endswith(".scale") and tensors.get(name[: -len(".scale")], {}).get("dtype") == "I8":
            continue
        values = floats(name, tensors)
        if values is not None:
            values = np.where(np.isnan(values), np.float32("nan"), values).astype("<f4").tobytes().hex()
        lines.append(f"tensor {name.encode().hex()} {tensor['dtype']} {tensor['shape']} {values}")
    return "\n".join(sorted(lines)).encode()


try:
    peer.serve(f"safetensors {safetensors.__version__}, numpy {np.__version__}", read)
finally:
    if os.path.exists(scratch):
        os.remove(scratch)
    os.rmdir(os.path.dirname(scratch))
