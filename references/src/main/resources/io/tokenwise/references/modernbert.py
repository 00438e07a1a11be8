# huggingface/transformers src/transformers/models/modernbert/modeling_modernbert.py at 000c33fdfde12e1ffafbfcdb3c926df5727a00b6,
# src/transformers/models/modernbert/configuration_modernbert.py at 001f85b38fb432858ace93f18622f07cec46d874 (the older names of bases and layers)
#: hidden_activation = "gelu"
#: norm_eps = 1e-05
#: local_attention = 128
#: global_attn_every_n_layers = 3
#: global_rope_theta = 160000.0
#: local_rope_theta = 10000.0
  def forward(self: __torch__.Model, w: Dict[str, Tensor], ids: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = self.results(w)
    n = ids.size(0)
    size = hidden_size // num_attention_heads
    x = self.norm(w, "embeddings.norm", torch.embedding(w["embeddings.tok_embeddings.weight"], ids), norm_eps)
    out["embeddings"] = x
    for i in range(num_hidden_layers):
      at = "layers." + str(i)
      base = float(global_rope_theta)
      bias = self.window(n, -1, -1)
      if i % global_attn_every_n_layers != 0:
        base = float(local_rope_theta)
        bias = self.window(n, local_attention // 2, local_attention // 2)
      normed = x
      if i != 0:
        normed = self.norm(w, at + ".attn_norm", x, norm_eps)
      qkv = torch.chunk(self.linear(w, at + ".attn.Wqkv", normed), 3, -1)
      turn = self.rotary(n, size, base)
      q = self.rotate(self.heads(qkv[0], num_attention_heads), turn[0], turn[1])
      k = self.rotate(self.heads(qkv[1], num_attention_heads), turn[0], turn[1])
      context = self.attend(q, k, self.heads(qkv[2], num_attention_heads), 1. / torch.sqrt(float(size)), bias, out, i)
      x = x + self.linear(w, at + ".attn.Wo", context)
      parts = torch.chunk(self.linear(w, at + ".mlp.Wi", self.norm(w, at + ".mlp_norm", x, norm_eps)), 2, -1)
      x = x + self.linear(w, at + ".mlp.Wo", self.activate(parts[0], hidden_activation) * parts[1])
      out["layer." + str(i)] = x
    out["last"] = self.norm(w, "final_norm", x, norm_eps)
    return out
