# huggingface/text-embeddings-inference backends/candle/src/models/nomic.rs, backends/candle/src/layers/rotary.rs
# at 0d124dc9773be6ac5a9a57d8439aba9bbbf33273; without experts, and for texts up to max_trained_positions, beyond which the base grows.
#: activation_function = "swiglu"
#: layer_norm_epsilon = 1e-12
#: rotary_emb_base = 10000.0
  def forward(self: __torch__.Model, w: Dict[str, Tensor], ids: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = self.results(w)
    n = ids.size(0)
    size = n_embd // n_head
    x = torch.embedding(w["embeddings.word_embeddings.weight"], ids)
    x = x + torch.embedding(w["embeddings.token_type_embeddings.weight"], types)
    x = self.norm(w, "emb_ln", x, layer_norm_epsilon)
    out["embeddings"] = x
    turn = self.rotary(n, size, float(rotary_emb_base))
    for i in range(n_layer):
      at = "encoder.layers." + str(i)
      qkv = torch.chunk(self.linear(w, at + ".attn.Wqkv", x), 3, -1)
      q = self.rotate(self.heads(qkv[0], n_head), turn[0], turn[1])
      k = self.rotate(self.heads(qkv[1], n_head), turn[0], turn[1])
      context = self.attend(q, k, self.heads(qkv[2], n_head), 1. / torch.sqrt(float(size)), self.window(n, -1, -1), out, i)
      x = self.norm(w, at + ".norm1", x + self.linear(w, at + ".attn.out_proj", context), layer_norm_epsilon)
      if activation_function == "gelu":
        units = self.activate(self.linear(w, at + ".mlp.fc1", x), "gelu")
      else:
        units = self.activate(self.linear(w, at + ".mlp.fc12", x), activation_function) * self.linear(w, at + ".mlp.fc11", x)
      x = self.norm(w, at + ".norm2", x + self.linear(w, at + ".mlp.fc2", units), layer_norm_epsilon)
      out["layer." + str(i)] = x
    out["last"] = x
    return out
