class Model(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  def forward(self: __torch__.Model,
    ids: Tensor,
    mask: Tensor,
    w: List[Tensor]) -> Tensor:
    texts = torch.size(ids, 0)
    length = torch.size(ids, 1)
    heads = 12
    layers = 6
    visible = annotate(Optional[Tensor], None)
    if torch.ne(torch.numel(mask), 0):
      visible = torch.view(mask, [texts, 1, 1, length])
    x = torch.add(torch.add(torch.embedding(w[0], ids), torch.slice(w[1], 0, 0, length)), w[2])
    x = torch.layer_norm(x, [384], w[3], w[4], 1e-12)
    for layer in range(layers):
      at = torch.add(5, torch.mul(layer, 12))
      qkv = torch.view(torch.linear(x, w[at], w[torch.add(at, 1)]), [texts, length, 3, heads, 32])
      heads3 = torch.permute(qkv, [2, 0, 3, 1, 4])
      context = torch.scaled_dot_product_attention(torch.select(heads3, 0, 0), torch.select(heads3, 0, 1), torch.select(heads3, 0, 2), visible)
      context = torch.reshape(torch.transpose(context, 1, 2), [texts, length, 384])
      x = torch.add(torch.linear(context, w[torch.add(at, 2)], w[torch.add(at, 3)]), x)
      x = torch.layer_norm(x, [384], w[torch.add(at, 4)], w[torch.add(at, 5)], 1e-12)
      units = torch.gelu(torch.linear(x, w[torch.add(at, 6)], w[torch.add(at, 7)]))
      x = torch.add(torch.linear(units, w[torch.add(at, 8)], w[torch.add(at, 9)]), x)
      x = torch.layer_norm(x, [384], w[torch.add(at, 10)], w[torch.add(at, 11)], 1e-12)
    if torch.ne(torch.numel(mask), 0):
      x = torch.mul(x, torch.unsqueeze(torch.to(mask, 6), -1))
    y = torch.sum(x, [1])
    return torch.div(y, torch.linalg_vector_norm(y, 2, [1], True))
