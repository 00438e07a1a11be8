# huggingface/transformers src/transformers/models/t5/modeling_t5.py at 6b8b757dfcb582379a64f013cdce46c43629f2b0, its encoder; what feed_forward_proj means is in
# configuration_t5.py at 038869d4d54db478c18dbe58a02aefc67f62beb0
#: layer_norm_epsilon = 1e-06
#: relative_attention_num_buckets = 32
#: relative_attention_max_distance = 128
#: feed_forward_proj = "relu"
#: d_kv = 64
  def bucket(self: __torch__.Model, n: int, both: int, farthest: int) -> Tensor:
    side = both // 2
    exact = side // 2
    places = torch.arange(n)
    ahead = torch.unsqueeze(places, 0) - torch.unsqueeze(places, 1)
    far = torch.abs(ahead)
    large = torch.to(torch.log(torch.to(far, 6) / float(exact)) / torch.log(float(farthest) / float(exact)) * float(side - exact), 4) + exact
    large = torch.clamp_max(large, side - 1)
    return torch.to(ahead > 0, 4) * side + torch.where(far < exact, far, large)

  def forward(self: __torch__.Model, w: Dict[str, Tensor], ids: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = self.results(w)
    n = ids.size(0)
    x = torch.embedding(w["shared.weight"], ids)
    out["embeddings"] = x
    table = w["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
    bias = torch.permute(torch.embedding(table, self.bucket(n, relative_attention_num_buckets, relative_attention_max_distance)), [2, 0, 1])
    for i in range(num_layers):
      at = "encoder.block." + str(i) + ".layer."
      normed = self.rms_norm(w, at + "0.layer_norm", x, layer_norm_epsilon, 0.)
      q = self.heads(self.linear(w, at + "0.SelfAttention.q", normed), num_heads)
      k = self.heads(self.linear(w, at + "0.SelfAttention.k", normed), num_heads)
      v = self.heads(self.linear(w, at + "0.SelfAttention.v", normed), num_heads)
      x = x + self.linear(w, at + "0.SelfAttention.o", self.attend(q, k, v, 1., bias, out, i))
      normed = self.rms_norm(w, at + "1.layer_norm", x, layer_norm_epsilon, 0.)
      mlp = at + "1.DenseReluDense."
      if feed_forward_proj == "gated-gelu":
        units = self.activate(self.linear(w, mlp + "wi_0", normed), "gelu_new") * self.linear(w, mlp + "wi_1", normed)
      else:
        units = self.activate(self.linear(w, mlp + "wi", normed), feed_forward_proj)
      x = x + self.linear(w, mlp + "wo", units)
      out["layer." + str(i)] = x
    out["last"] = self.rms_norm(w, "encoder.final_layer_norm", x, layer_norm_epsilon, 0.)
    return out
