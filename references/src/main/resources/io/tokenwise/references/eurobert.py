# huggingface/transformers src/transformers/models/eurobert/modeling_eurobert.py at 05ac5107cfb0bcf15ae8cc2c437f85831a63b4c8
#: hidden_act = "silu"
#: rms_norm_eps = 1e-05
#: rope_theta = 10000.0
#: num_key_value_heads = 0
#: head_dim = 0
  def forward(self: __torch__.Model, w: Dict[str, Tensor], ids: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = self.results(w)
    n = ids.size(0)
    size = hidden_size // num_attention_heads
    if head_dim > 0:
      size = head_dim
    keys = num_attention_heads
    if num_key_value_heads > 0:
      keys = num_key_value_heads
    x = torch.embedding(w["embed_tokens.weight"], ids)
    out["embeddings"] = x
    turn = self.rotary(n, size, float(rope_theta))
    for i in range(num_hidden_layers):
      at = "layers." + str(i)
      normed = self.rms_norm(w, at + ".input_layernorm", x, rms_norm_eps, 0.)
      q = self.heads(self.linear(w, at + ".self_attn.q_proj", normed), num_attention_heads)
      k = self.heads(self.linear(w, at + ".self_attn.k_proj", normed), keys)
      v = self.heads(self.linear(w, at + ".self_attn.v_proj", normed), keys)
      q = self.rotate(q, turn[0], turn[1])
      k = self.rotate(k, turn[0], turn[1])
      context = self.attend(q, k, v, 1. / torch.sqrt(float(size)), self.window(n, -1, -1), out, i)
      x = x + self.linear(w, at + ".self_attn.o_proj", context)
      normed = self.rms_norm(w, at + ".post_attention_layernorm", x, rms_norm_eps, 0.)
      units = self.activate(self.linear(w, at + ".mlp.gate_proj", normed), hidden_act) * self.linear(w, at + ".mlp.up_proj", normed)
      x = x + self.linear(w, at + ".mlp.down_proj", units)
      out["layer." + str(i)] = x
    out["last"] = self.rms_norm(w, "norm", x, rms_norm_eps, 0.)
    return out
