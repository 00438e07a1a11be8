# huggingface/transformers src/transformers/models/mpnet/modeling_mpnet.py at 00099b9f15ad8bea330364709453fc49cbba90e5. Positions count from padding_idx,
# which is 1 whatever the config says; so are 32 buckets and 128 places, the defaults of compute_position_bias.
#: hidden_act = "gelu"
#: layer_norm_eps = 1e-12
  def bucket(self: __torch__.Model, n: int) -> Tensor:
    places = torch.arange(n)
    behind = torch.unsqueeze(places, 1) - torch.unsqueeze(places, 0)
    far = torch.abs(behind)
    large = torch.to(torch.log(torch.to(far, 6) / 8.) / torch.log(128. / 8.) * 8., 4) + 8
    large = torch.clamp_max(large, 15)
    return torch.to(behind < 0, 4) * 16 + torch.where(far < 8, far, large)

  def forward(self: __torch__.Model, w: Dict[str, Tensor], ids: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = self.results(w)
    n = ids.size(0)
    real = torch.to(ids != 1, 4)
    x = torch.embedding(w["embeddings.word_embeddings.weight"], ids)
    x = x + torch.embedding(w["embeddings.position_embeddings.weight"], torch.cumsum(real, 0) * real + 1)
    x = self.norm(w, "embeddings.LayerNorm", x, layer_norm_eps)
    out["embeddings"] = x
    bias = torch.permute(torch.embedding(w["encoder.relative_attention_bias.weight"], self.bucket(n)), [2, 0, 1])
    scale = 1. / torch.sqrt(hidden_size / num_attention_heads)
    for i in range(num_hidden_layers):
      at = "encoder.layer." + str(i)
      q = self.heads(self.linear(w, at + ".attention.attn.q", x), num_attention_heads)
      k = self.heads(self.linear(w, at + ".attention.attn.k", x), num_attention_heads)
      v = self.heads(self.linear(w, at + ".attention.attn.v", x), num_attention_heads)
      context = self.linear(w, at + ".attention.attn.o", self.attend(q, k, v, scale, bias, out, i))
      x = self.norm(w, at + ".attention.LayerNorm", context + x, layer_norm_eps)
      units = self.activate(self.linear(w, at + ".intermediate.dense", x), hidden_act)
      x = self.norm(w, at + ".output.LayerNorm", self.linear(w, at + ".output.dense", units) + x, layer_norm_eps)
      out["layer." + str(i)] = x
    out["last"] = x
    return out
