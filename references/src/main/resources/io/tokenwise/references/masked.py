# Logits of all words for each token: the heads of BERT (and JinaBERT), RoBERTa (and MPNet), DistilBERT, ModernBERT and GTE, told by their weights; the words' vectors are
# those of the embeddings unless there are others.
# huggingface/transformers src/transformers/models/*/modeling_*.py: bert at 004ad5f50b627b59bf0d581c31bc0052b6cfd40b (BertLMPredictionHead),
# distilbert at 00b326f4caca2d1fbebe5c86e1693475fd4d0c9a, modernbert at 000c33fdfde12e1ffafbfcdb3c926df5727a00b6 (ModernBertForMaskedLM);
# huggingface/text-embeddings-inference backends/candle/src/models/bert.rs at 0d124dc9773be6ac5a9a57d8439aba9bbbf33273 (load_roberta);
# on the hub Alibaba-NLP/new-impl modeling.py (NewLMPredictionHead), jinaai/jina-bert-implementation modeling_bert.py (JinaBertLMPredictionHead, which is BERT's)
#: hidden_act = "gelu"
#: activation = "gelu"
#: layer_norm_eps = 1e-12
#: classifier_activation = "gelu"
#: norm_eps = 1e-05
#: tie_word_embeddings = True
  def forward(self: __torch__.Model, w: Dict[str, Tensor], last: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = annotate(Dict[str, Tensor], {})
    if "head.dense.weight" in w:
      words = self.words(w, "embeddings.tok_embeddings", "decoder")
      x = self.norm(w, "head.norm", self.activate(self.linear(w, "head.dense", last), classifier_activation), norm_eps)
      logits = torch.matmul(x, words) + w["decoder.bias"]
    elif "vocab_transform.weight" in w:
      words = self.words(w, "embeddings.word_embeddings", "vocab_projector")
      x = self.norm(w, "vocab_layer_norm", self.activate(self.linear(w, "vocab_transform", last), activation), 1e-12)
      logits = torch.matmul(x, words) + w["vocab_projector.bias"]
    elif "lm_head.norm.weight" in w:
      words = self.words(w, "embeddings.word_embeddings", "lm_head.decoder")
      x = self.norm(w, "lm_head.norm", self.activate(self.linear(w, "lm_head.dense", last), hidden_act), layer_norm_eps)
      logits = torch.matmul(x, words) + w["lm_head.decoder.bias"]
    elif "lm_head.dense.weight" in w:
      words = self.words(w, "embeddings.word_embeddings", "lm_head.decoder")
      x = self.norm(w, "lm_head.layer_norm", torch.gelu(self.linear(w, "lm_head.dense", last)), layer_norm_eps)
      logits = torch.matmul(x, words) + w["lm_head.bias"]
    else:
      words = self.words(w, "embeddings.word_embeddings", "cls.predictions.decoder")
      units = self.activate(self.linear(w, "cls.predictions.transform.dense", last), hidden_act)
      x = self.norm(w, "cls.predictions.transform.LayerNorm", units, layer_norm_eps)
      logits = torch.matmul(x, words) + w["cls.predictions.bias"]
    out["logits"] = logits
    return out

  def words(self: __torch__.Model, w: Dict[str, Tensor], embeddings: str, own: str) -> Tensor:
    table = embeddings + ".weight"
    if (own + ".weight") in w:
      table = own + ".weight"
    return torch.t(w[table])
