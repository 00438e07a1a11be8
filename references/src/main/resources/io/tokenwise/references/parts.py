# What the programs share: the head of the class, and layers as transformers writes them out. One text [n, hidden], no padding.
# huggingface/transformers src/transformers/models/{bert,qwen3,gemma3}/modeling_*.py, src/transformers/activations.py
class Model(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def linear(self: __torch__.Model, w: Dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    y = torch.matmul(x, torch.t(w[name + ".weight"]))
    if (name + ".bias") in w:
      y = y + w[name + ".bias"]
    return y

  def norm(self: __torch__.Model, w: Dict[str, Tensor], name: str, x: Tensor, eps: float) -> Tensor:
    centred = x - torch.mean(x, [-1], True)
    y = centred / torch.sqrt(torch.mean(centred * centred, [-1], True) + eps) * w[name + ".weight"]
    if (name + ".bias") in w:
      y = y + w[name + ".bias"]
    return y

  # shift: what is added to the weights, 1 in Gemma
  def rms_norm(self: __torch__.Model, w: Dict[str, Tensor], name: str, x: Tensor, eps: float, shift: float) -> Tensor:
    return x * torch.rsqrt(torch.mean(x * x, [-1], True) + eps) * (w[name + ".weight"] + shift)

  # ACT2FN
  def activate(self: __torch__.Model, x: Tensor, name: str) -> Tensor:
    y = x
    if name == "gelu":
      y = torch.gelu(x)
    elif (name == "gelu_new") or (name == "gelu_pytorch_tanh"):
      y = x * 0.5 * (torch.tanh((x + x * x * x * 0.044715) * 0.7978845608028654) + 1.)
    elif name == "silu":
      y = torch.silu(x)
    elif name == "swiglu":
      y = torch.silu(x)
    elif name == "relu":
      y = torch.relu(x)
    elif name == "tanh":
      y = torch.tanh(x)
    else:
      assert False, "activation " + name
    return y

  # [n, heads * size] -> [heads, n, size]
  def heads(self: __torch__.Model, x: Tensor, count: int) -> Tensor:
    return torch.transpose(torch.reshape(x, [x.size(0), count, x.size(1) // count]), 0, 1)

  # compute_default_rope_parameters: cos and sin [n, size], both halves alike
  def rotary(self: __torch__.Model, n: int, size: int, base: float) -> Tuple[Tensor, Tensor]:
    exponents = torch.to(torch.arange(0, size, 2), 6) / float(size)
    frequencies = torch.reciprocal(torch.pow(base, exponents))
    angles = torch.outer(torch.to(torch.arange(n), 6), frequencies)
    both = torch.cat([angles, angles], -1)
    return (torch.cos(both), torch.sin(both))

  # the same, _compute_linear_scaling_rope_parameters of src/transformers/modeling_rope_utils.py at 0044e3b3facff1a1ad60b235c69d5b45beae75a4
  def rotary_linear(self: __torch__.Model, n: int, size: int, base: float, factor: float) -> Tuple[Tensor, Tensor]:
    exponents = torch.to(torch.arange(0, size, 2), 6) / float(size)
    frequencies = torch.reciprocal(torch.pow(base, exponents)) / factor
    angles = torch.outer(torch.to(torch.arange(n), 6), frequencies)
    both = torch.cat([angles, angles], -1)
    return (torch.cos(both), torch.sin(both))

  # apply_rotary_pos_emb with rotate_half
  def rotate(self: __torch__.Model, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.size(-1) // 2
    turned = torch.cat([torch.neg(torch.slice(x, -1, half, x.size(-1))), torch.slice(x, -1, 0, half)], -1)
    return x * cos + turned * sin

  # 0 where query i sees key j, else -inf: before and after are how far, -1 all
  def window(self: __torch__.Model, n: int, before: int, after: int) -> Tensor:
    places = torch.arange(n)
    ahead = torch.unsqueeze(places, 0) - torch.unsqueeze(places, 1)
    hidden = torch.zeros([n, n])
    if before >= 0:
      hidden = torch.masked_fill(hidden, ahead < torch.neg(before), float("-inf"))
    if after >= 0:
      hidden = torch.masked_fill(hidden, ahead > after, float("-inf"))
    return hidden

  # Not of any model: what no query sees, "hidden" [1, n], 0 or far below it, may come with the weights and goes with the results to attend.
  def results(self: __torch__.Model, w: Dict[str, Tensor]) -> Dict[str, Tensor]:
    out = annotate(Dict[str, Tensor], {})
    if "hidden" in w:
      out["hidden"] = w["hidden"]
    return out

  # q [heads, n, size], k and v [key heads, n, size], bias [n, n] or [heads, n, n] -> [n, heads * size].
  # Into out: how peaked softmax is, its entropy as a share of what it could be.
  def attend(self: __torch__.Model, q: Tensor, k: Tensor, v: Tensor, scale: float, bias: Tensor, out: Dict[str, Tensor], layer: int) -> Tensor:
    group = q.size(0) // k.size(0)
    keys = torch.repeat_interleave(k, group, 0)
    values = torch.repeat_interleave(v, group, 0)
    scores = torch.matmul(q, torch.transpose(keys, 1, 2)) * scale + bias
    if "hidden" in out:
      scores = scores + out["hidden"]
    p = torch.softmax(scores, -1)
    if "hidden" in out:
      # A query that sees no key gets zeros, as from torch since 2.5 with transformers' masks of booleans since 5 (masking_utils.py at 00c4411cbe15d4c56d54d3b56d4d171e9c289dac).
      p = p * torch.to(torch.amax(scores, [-1], True) > -1e29, 6)
    entropy = torch.neg(torch.sum(p * torch.log(torch.clamp_min(p, 1e-30))))
    visible = torch.sum(torch.to(bias > float("-inf"), 6), [-1])
    most = torch.sum(torch.log(visible)) * (q.size(0) * q.size(1) / torch.numel(visible))
    out["entropy." + str(layer)] = torch.reshape(entropy / torch.clamp_min(most, 1e-30), [1, 1])
    return torch.reshape(torch.transpose(torch.matmul(p, values), 0, 1), [q.size(1), q.size(0) * q.size(2)])

