# huggingface/transformers src/transformers/models/distilbert/modeling_distilbert.py at 00b326f4caca2d1fbebe5c86e1693475fd4d0c9a
#: activation = "gelu"
  def forward(self: __torch__.Model, w: Dict[str, Tensor], ids: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = self.results(w)
    n = ids.size(0)
    x = torch.embedding(w["embeddings.word_embeddings.weight"], ids)
    x = x + torch.embedding(w["embeddings.position_embeddings.weight"], torch.arange(n))
    x = self.norm(w, "embeddings.LayerNorm", x, 1e-12)
    out["embeddings"] = x
    for i in range(n_layers):
      at = "transformer.layer." + str(i)
      q = self.heads(self.linear(w, at + ".attention.q_lin", x), n_heads)
      k = self.heads(self.linear(w, at + ".attention.k_lin", x), n_heads)
      v = self.heads(self.linear(w, at + ".attention.v_lin", x), n_heads)
      context = self.attend(q, k, v, 1. / torch.sqrt(dim / n_heads), self.window(n, -1, -1), out, i)
      x = self.norm(w, at + ".sa_layer_norm", self.linear(w, at + ".attention.out_lin", context) + x, 1e-12)
      units = self.activate(self.linear(w, at + ".ffn.lin1", x), activation)
      x = self.norm(w, at + ".output_layer_norm", self.linear(w, at + ".ffn.lin2", units) + x, 1e-12)
      out["layer." + str(i)] = x
    out["last"] = x
    return out
