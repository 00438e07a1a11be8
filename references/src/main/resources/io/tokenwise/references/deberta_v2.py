# huggingface/transformers src/transformers/models/deberta_v2/modeling_deberta_v2.py (DisentangledSelfAttention, make_log_bucket_position), with share_att_key and both kinds of products.
#: hidden_act = "gelu"
#: layer_norm_eps = 1e-07
#: max_relative_positions = -1
#: position_biased_input = True
#: type_vocab_size = 0
  def bucket(self: __torch__.Model, n: int, buckets: int, most: int) -> Tensor:
    places = torch.arange(n)
    behind = torch.unsqueeze(places, 1) - torch.unsqueeze(places, 0)
    mid = buckets // 2
    near = torch.abs(behind) < mid
    far = torch.where(near, torch.full_like(behind, mid - 1), torch.abs(behind))
    logs = torch.log(torch.to(far, 6) / float(mid)) / torch.log(torch.full([1], (float(most) - 1.) / float(mid)))
    large = torch.to(torch.ceil(logs * float(mid - 1)), 4) + mid
    return torch.where(far <= mid, behind, large * torch.sign(behind))

  def forward(self: __torch__.Model, w: Dict[str, Tensor], ids: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = self.results(w)
    n = ids.size(0)
    x = torch.embedding(w["embeddings.word_embeddings.weight"], ids)
    if position_biased_input:
      x = x + torch.embedding(w["embeddings.position_embeddings.weight"], torch.arange(n))
    if type_vocab_size > 0:
      x = x + torch.embedding(w["embeddings.token_type_embeddings.weight"], types)
    x = self.norm(w, "embeddings.LayerNorm", x, layer_norm_eps)
    out["embeddings"] = x
    vectors = self.norm(w, "encoder.LayerNorm", w["encoder.rel_embeddings.weight"], layer_norm_eps)
    most = max_relative_positions
    if most < 1:
      most = max_position_embeddings
    distance = self.bucket(n, position_buckets, most)
    to_keys = torch.clamp(distance + position_buckets, 0, position_buckets * 2 - 1)
    to_queries = torch.clamp(torch.neg(distance) + position_buckets, 0, position_buckets * 2 - 1)
    scale = 1. / torch.sqrt(hidden_size / num_attention_heads * 3.)
    for i in range(num_hidden_layers):
      at = "encoder.layer." + str(i)
      q = self.heads(self.linear(w, at + ".attention.self.query_proj", x), num_attention_heads)
      k = self.heads(self.linear(w, at + ".attention.self.key_proj", x), num_attention_heads)
      v = self.heads(self.linear(w, at + ".attention.self.value_proj", x), num_attention_heads)
      query_of = self.heads(self.linear(w, at + ".attention.self.query_proj", vectors), num_attention_heads)
      key_of = self.heads(self.linear(w, at + ".attention.self.key_proj", vectors), num_attention_heads)
      keys = torch.repeat_interleave(torch.unsqueeze(to_keys, 0), num_attention_heads, 0)
      queries = torch.repeat_interleave(torch.unsqueeze(to_queries, 0), num_attention_heads, 0)
      with_keys = torch.gather(torch.matmul(q, torch.transpose(key_of, 1, 2)), 2, keys)
      with_queries = torch.gather(torch.matmul(k, torch.transpose(query_of, 1, 2)), 2, queries)
      bias = (with_keys + torch.transpose(with_queries, 1, 2)) * scale
      context = self.linear(w, at + ".attention.output.dense", self.attend(q, k, v, scale, bias, out, i))
      x = self.norm(w, at + ".attention.output.LayerNorm", context + x, layer_norm_eps)
      units = self.activate(self.linear(w, at + ".intermediate.dense", x), hidden_act)
      x = self.norm(w, at + ".output.LayerNorm", self.linear(w, at + ".output.dense", units) + x, layer_norm_eps)
      out["layer." + str(i)] = x
    out["last"] = x
    return out
