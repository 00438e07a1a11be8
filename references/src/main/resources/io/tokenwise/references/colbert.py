# A short vector of length 1 for each token.
# stanford-futuredata/ColBERT colbert/modeling/colbert.py at 0bc4321fb3de19174d23481e8c21dd155fc86ff2 (query; documents leave out punctuation besides)
  def forward(self: __torch__.Model, w: Dict[str, Tensor], last: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = annotate(Dict[str, Tensor], {})
    y = torch.matmul(last, torch.t(w["linear.weight"]))
    out["vectors"] = y / torch.clamp_min(torch.sqrt(torch.sum(y * y, [-1], True)), 1e-12)
    return out
