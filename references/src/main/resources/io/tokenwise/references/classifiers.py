# Classes of a text, or with tokens of each token: the heads of BERT (and MPNet, JinaBERT, GTE), RoBERTa, ELECTRA, DistilBERT, ModernBERT and decoders, told by their weights.
# huggingface/transformers src/transformers/models/*/modeling_*.py: bert at 004ad5f50b627b59bf0d581c31bc0052b6cfd40b (BertPooler),
# distilbert at 00b326f4caca2d1fbebe5c86e1693475fd4d0c9a, electra at 014873b4dfa2482fa4f8e79e6e4fb955461f4373 (ElectraClassificationHead), modernbert at 000c33fdfde12e1ffafbfcdb3c926df5727a00b6 (ModernBertFor*Classification);
# src/transformers/modeling_layers.py at 00029cfa0ed780d1ddb6e5d199bd92e86c5791a2 (GenericForSequenceClassification, GenericForTokenClassification: Qwen2's, Qwen3's, Gemma 3's);
# huggingface/text-embeddings-inference backends/candle/src/models/bert.rs at 0d124dc9773be6ac5a9a57d8439aba9bbbf33273 (RobertaClassificationHead)
#: tokens = False
#: classifier_pooling = "cls"
#: classifier_activation = "gelu"
#: norm_eps = 1e-05
#: model_type = "bert"
  def forward(self: __torch__.Model, w: Dict[str, Tensor], last: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = annotate(Dict[str, Tensor], {})
    x = last
    if "score.weight" in w:
      n = last.size(0)
      if tokens:
        out["logits"] = self.linear(w, "score", last)
      else:
        out["logits"] = torch.matmul(torch.slice(last, 0, n - 1, n), torch.t(w["score.weight"]))
      return out
    if not tokens:
      x = torch.slice(last, 0, 0, 1)
      if classifier_pooling == "mean":
        x = torch.mean(last, [0], True)
    if "head.dense.weight" in w:
      x = self.norm(w, "head.norm", self.activate(self.linear(w, "head.dense", x), classifier_activation), norm_eps)
    if not tokens:
      if "classifier.out_proj.weight" in w:
        x = self.linear(w, "classifier.dense", x)
        if model_type == "electra":
          x = self.activate(x, "gelu")
        else:
          x = torch.tanh(x)
      elif "pre_classifier.weight" in w:
        x = torch.relu(self.linear(w, "pre_classifier", x))
      elif "pooler.dense.weight" in w:
        x = self.linear(w, "pooler.dense", x)
        if model_type == "deberta-v2":
          x = self.activate(x, "gelu")
        else:
          x = torch.tanh(x)
    if "classifier.out_proj.weight" in w:
      out["logits"] = self.linear(w, "classifier.out_proj", x)
    else:
      out["logits"] = self.linear(w, "classifier", x)
    return out
