# Of each token a weight, and a vector of length 1 of all but the first (bge-m3).
# FlagOpen/FlagEmbedding FlagEmbedding/finetune/embedder/encoder_only/m3/modeling.py at 00d6d15835c9a16e1e36216c632850014d969bf8 (_sparse_embedding, _colbert_embedding, _encode)
  def forward(self: __torch__.Model, w: Dict[str, Tensor], last: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = annotate(Dict[str, Tensor], {})
    out["weights"] = torch.relu(self.linear(w, "sparse_linear", last))
    y = self.linear(w, "colbert_linear", torch.slice(last, 0, 1, last.size(0)))
    out["vectors"] = y / torch.clamp_min(torch.sqrt(torch.sum(y * y, [-1], True)), 1e-12)
    return out
