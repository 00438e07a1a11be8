# Of a masked-LM head's logits one weight for each word of the vocabulary.
# naver/splade splade/models/transformer_rep.py at 07d2c1ff83828f545c40769fa46a0a45736ff0ed (Splade.encode, max)
  def forward(self: __torch__.Model, w: Dict[str, Tensor], logits: Tensor, types: Tensor) -> Dict[str, Tensor]:
    #config
    out = annotate(Dict[str, Tensor], {})
    out["weights"] = torch.amax(torch.log(torch.relu(logits) + 1.), [0], True)
    return out
