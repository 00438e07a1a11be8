# BERT, RoBERTa, XLM-R and CamemBERT, which differ in their positions; ELECTRA, whose layers are BERT's.
# huggingface/transformers src/transformers/models/bert/modeling_bert.py at 004ad5f50b627b59bf0d581c31bc0052b6cfd40b,
# src/transformers/models/roberta/modeling_roberta.py at 000824f17f924a8b520edf04c597c461fc83356a (create_position_ids_from_input_ids),
# src/transformers/models/electra/modeling_electra.py at 014873b4dfa2482fa4f8e79e6e4fb955461f4373 (ElectraModel)
#: model_type = "bert"
#: hidden_act = "gelu"
#: layer_norm_eps = 1e-12
#: pad_token_id = 0
#: type_vocab_size = 2
  def forward(self: __torch__.Model, w: Dict[str, Tensor], ids: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = self.results(w)
    n = ids.size(0)
    positions = torch.arange(n)
    if model_type != "bert" and model_type != "electra":
      real = torch.to(ids != pad_token_id, 4)
      positions = torch.cumsum(real, 0) * real + pad_token_id
    x = torch.embedding(w["embeddings.word_embeddings.weight"], ids)
    x = x + torch.embedding(w["embeddings.token_type_embeddings.weight"], types)
    x = x + torch.embedding(w["embeddings.position_embeddings.weight"], positions)
    x = self.norm(w, "embeddings.LayerNorm", x, layer_norm_eps)
    out["embeddings"] = x
    scale = 1. / torch.sqrt(hidden_size / num_attention_heads)
    for i in range(num_hidden_layers):
      at = "encoder.layer." + str(i)
      q = self.heads(self.linear(w, at + ".attention.self.query", x), num_attention_heads)
      k = self.heads(self.linear(w, at + ".attention.self.key", x), num_attention_heads)
      v = self.heads(self.linear(w, at + ".attention.self.value", x), num_attention_heads)
      context = self.attend(q, k, v, scale, self.window(n, -1, -1), out, i)
      attended = self.linear(w, at + ".attention.output.dense", context)
      x = self.norm(w, at + ".attention.output.LayerNorm", attended + x, layer_norm_eps)
      units = self.activate(self.linear(w, at + ".intermediate.dense", x), hidden_act)
      x = self.norm(w, at + ".output.LayerNorm", self.linear(w, at + ".output.dense", units) + x, layer_norm_eps)
      out["layer." + str(i)] = x
    out["last"] = x
    return out
