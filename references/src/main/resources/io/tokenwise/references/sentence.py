# A text's vector: sentence-transformers' modules Pooling, Dense and Normalize. An activation is what a Dense has, or Normalize.
# UKPLab/sentence-transformers sentence_transformers/models/{Pooling,Dense,Normalize}.py at 85ec64559f4414aa536eca4bf53538291e0a333f
#: pooling = "mean"
#: modules = ["Normalize"]
  def forward(self: __torch__.Model, w: Dict[str, Tensor], last: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = annotate(Dict[str, Tensor], {})
    n = last.size(0)
    x = torch.mean(last, [0], True)
    if pooling == "cls":
      x = torch.slice(last, 0, 0, 1)
    elif pooling == "lasttoken":
      x = torch.slice(last, 0, n - 1, n)
    for i in range(len(modules)):
      if modules[i] == "Normalize":
        x = x / torch.sqrt(torch.sum(x * x, [-1], True))
      else:
        x = self.linear(w, str(i + 2) + "_Dense/linear", x)
        if modules[i] == "Tanh":
          x = torch.tanh(x)
        elif modules[i] != "Identity":
          x = self.activate(x, modules[i])
    out["vector"] = x
    return out
