# JinaBERT v2 with ALiBi.
# huggingface/text-embeddings-inference backends/candle/src/models/jina.rs, backends/candle/src/alibi.rs at 0d124dc9773be6ac5a9a57d8439aba9bbbf33273
#: hidden_act = "gelu"
#: layer_norm_eps = 1e-12
  def power_slopes(self: __torch__.Model, count: int) -> List[float]:
    start = torch.pow(2., torch.neg(torch.pow(2., torch.neg(torch.log(float(count)) / torch.log(2.) - 3.))))
    slopes = annotate(List[float], [])
    for i in range(count):
      slopes.append(start * torch.pow(start, float(i)))
    return slopes

  def slopes(self: __torch__.Model, count: int) -> List[float]:
    nearest = 1
    for i in range(count):
      if nearest * 2 <= count:
        nearest = nearest * 2
    slopes = self.power_slopes(nearest)
    more = self.power_slopes(nearest * 2)
    for i in range(count - nearest):
      slopes.append(more[i * 2])
    return slopes

  def forward(self: __torch__.Model, w: Dict[str, Tensor], ids: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = self.results(w)
    n = ids.size(0)
    x = torch.embedding(w["embeddings.word_embeddings.weight"], ids)
    x = x + torch.embedding(w["embeddings.token_type_embeddings.weight"], types)
    x = self.norm(w, "embeddings.LayerNorm", x, layer_norm_eps)
    out["embeddings"] = x
    places = torch.arange(n)
    far = torch.to(torch.abs(torch.unsqueeze(places, 0) - torch.unsqueeze(places, 1)), 6)
    slope = torch.to(torch.tensor(self.slopes(num_attention_heads)), 6)
    bias = torch.neg(torch.reshape(slope, [num_attention_heads, 1, 1]) * far)
    scale = 1. / torch.sqrt(hidden_size / num_attention_heads)
    for i in range(num_hidden_layers):
      at = "encoder.layer." + str(i)
      q = self.heads(self.linear(w, at + ".attention.self.query", x), num_attention_heads)
      k = self.heads(self.linear(w, at + ".attention.self.key", x), num_attention_heads)
      v = self.heads(self.linear(w, at + ".attention.self.value", x), num_attention_heads)
      context = self.linear(w, at + ".attention.output.dense", self.attend(q, k, v, scale, bias, out, i))
      x = self.norm(w, at + ".attention.output.LayerNorm", context + x, layer_norm_eps)
      parts = torch.chunk(self.linear(w, at + ".mlp.gated_layers", x), 2, -1)
      y = self.linear(w, at + ".mlp.wo", self.activate(parts[0], hidden_act) * parts[1])
      x = self.norm(w, at + ".mlp.layernorm", y + x, layer_norm_eps)
      out["layer." + str(i)] = x
    out["last"] = x
    return out
