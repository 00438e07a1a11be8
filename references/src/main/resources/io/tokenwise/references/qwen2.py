# huggingface/transformers src/transformers/models/qwen2/modeling_qwen2.py at 00d4b3d2142cb4ced2f51b90614b5d26bc045015; full attention in all layers.
# Causal unless is_causal is false (src/transformers/masking_utils.py at 00c4411cbe15d4c56d54d3b56d4d171e9c289dac, create_causal_mask).
#: hidden_act = "silu"
#: rms_norm_eps = 1e-06
#: rope_theta = 10000.0
#: head_dim = 0
#: rope_scaling_factor = 1.0
#: is_causal = True
  def forward(self: __torch__.Model, w: Dict[str, Tensor], ids: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = self.results(w)
    n = ids.size(0)
    size = hidden_size // num_attention_heads
    if head_dim > 0:
      size = head_dim
    x = torch.embedding(w["embed_tokens.weight"], ids)
    out["embeddings"] = x
    turn = self.rotary_linear(n, size, float(rope_theta), float(rope_scaling_factor))
    after = -1
    if is_causal:
      after = 0
    for i in range(num_hidden_layers):
      at = "layers." + str(i)
      normed = self.rms_norm(w, at + ".input_layernorm", x, rms_norm_eps, 0.)
      q = self.heads(self.linear(w, at + ".self_attn.q_proj", normed), num_attention_heads)
      k = self.heads(self.linear(w, at + ".self_attn.k_proj", normed), num_key_value_heads)
      v = self.heads(self.linear(w, at + ".self_attn.v_proj", normed), num_key_value_heads)
      q = self.rotate(q, turn[0], turn[1])
      k = self.rotate(k, turn[0], turn[1])
      context = self.attend(q, k, v, 1. / torch.sqrt(float(size)), self.window(n, -1, after), out, i)
      x = x + self.linear(w, at + ".self_attn.o_proj", context)
      normed = self.rms_norm(w, at + ".post_attention_layernorm", x, rms_norm_eps, 0.)
      units = self.activate(self.linear(w, at + ".mlp.gate_proj", normed), hidden_act) * self.linear(w, at + ".mlp.up_proj", normed)
      x = x + self.linear(w, at + ".mlp.down_proj", units)
      out["layer." + str(i)] = x
    out["last"] = self.rms_norm(w, "norm", x, rms_norm_eps, 0.)
    return out
