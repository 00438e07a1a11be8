# GTE-new, whose model_type is new. Its rope_scaling of type ntk divides the frequencies of a base that is factor times as large.
# huggingface/text-embeddings-inference backends/candle/src/models/gte.rs, backends/candle/src/layers/rotary.rs at 0d124dc9773be6ac5a9a57d8439aba9bbbf33273
#: hidden_act = "gelu"
#: layer_norm_eps = 1e-12
#: rope_theta = 10000.0
#: rope_scaling_factor = 1.0
#: type_vocab_size = 0
  def forward(self: __torch__.Model, w: Dict[str, Tensor], ids: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = self.results(w)
    n = ids.size(0)
    size = hidden_size // num_attention_heads
    x = torch.embedding(w["embeddings.word_embeddings.weight"], ids)
    if type_vocab_size > 0:
      x = x + torch.embedding(w["embeddings.token_type_embeddings.weight"], types)
    x = self.norm(w, "embeddings.LayerNorm", x, layer_norm_eps)
    out["embeddings"] = x
    factor = float(rope_scaling_factor)
    exponents = torch.to(torch.arange(0, size, 2), 6) / float(size)
    frequencies = torch.reciprocal(torch.pow(float(rope_theta) * factor, exponents)) / torch.pow(factor, 2. / size)
    angles = torch.outer(torch.to(torch.arange(n), 6), frequencies)
    angles = torch.cat([angles, angles], -1)
    cos = torch.cos(angles)
    sin = torch.sin(angles)
    for i in range(num_hidden_layers):
      at = "encoder.layer." + str(i)
      qkv = torch.chunk(self.linear(w, at + ".attention.qkv_proj", x), 3, -1)
      q = self.rotate(self.heads(qkv[0], num_attention_heads), cos, sin)
      k = self.rotate(self.heads(qkv[1], num_attention_heads), cos, sin)
      v = self.heads(qkv[2], num_attention_heads)
      context = self.attend(q, k, v, 1. / torch.sqrt(float(size)), self.window(n, -1, -1), out, i)
      x = self.norm(w, at + ".attn_ln", self.linear(w, at + ".attention.o_proj", context) + x, layer_norm_eps)
      # The first half goes up as it is, the second is the gate.
      parts = torch.chunk(self.linear(w, at + ".mlp.up_gate_proj", x), 2, -1)
      y = self.linear(w, at + ".mlp.down_proj", self.activate(parts[1], hidden_act) * parts[0])
      x = self.norm(w, at + ".mlp_ln", y + x, layer_norm_eps)
      out["layer." + str(i)] = x
    out["last"] = x
    return out
