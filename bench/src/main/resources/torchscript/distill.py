class Model(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  def embed(self: __torch__.Model,
    ids: Tensor,
    w: List[Tensor]) -> Tensor:
    x = torch.add(torch.add(torch.embedding(w[0], ids), torch.slice(w[1], 0, 0, torch.size(ids, 1))), w[2])
    return torch.layer_norm(x, [384], w[3], w[4], 1e-12)
  def attend(self: __torch__.Model,
    x: Tensor,
    visible: Optional[Tensor],
    w: List[Tensor],
    at: int) -> Tensor:
    texts = torch.size(x, 0)
    length = torch.size(x, 1)
    qkv = torch.view(torch.linear(x, w[at], w[torch.add(at, 1)]), [texts, length, 3, 12, 32])
    qkv = torch.permute(qkv, [2, 0, 3, 1, 4])
    context = torch.scaled_dot_product_attention(torch.select(qkv, 0, 0), torch.select(qkv, 0, 1), torch.select(qkv, 0, 2), visible)
    context = torch.reshape(torch.transpose(context, 1, 2), [texts, length, 384])
    x1 = torch.add(torch.linear(context, w[torch.add(at, 2)], w[torch.add(at, 3)]), x)
    return torch.layer_norm(x1, [384], w[torch.add(at, 4)], w[torch.add(at, 5)], 1e-12)
  def pool(self: __torch__.Model,
    x: Tensor,
    mask: Tensor) -> Tensor:
    y = torch.sum(torch.mul(x, torch.unsqueeze(mask, -1)), [1])
    return torch.div(y, torch.linalg_vector_norm(y, 2, [1], True))
  def forward(self: __torch__.Model,
    ids: Tensor,
    mask: Tensor,
    padding: Tensor,
    features: Tensor,
    groups: Tensor,
    budgets: Tensor,
    temperature: Tensor,
    budgetWeights: Tensor,
    w: List[Tensor],
    learners: List[Tensor],
    gates: List[Tensor]) -> List[Tensor]:
    visible = annotate(Optional[Tensor], None)
    if torch.ne(torch.numel(padding), 0):
      visible = torch.view(torch.eq(padding, 0), [torch.size(ids, 0), 1, 1, torch.size(ids, 1)])
    x = (self).embed(ids, w)
    for layer in range(6):
      at = torch.add(5, torch.mul(layer, 12))
      x = (self).attend(x, visible, w, at)
      units = torch.gelu(torch.linear(x, w[torch.add(at, 6)], w[torch.add(at, 7)]))
      x = torch.add(torch.linear(units, w[torch.add(at, 8)], w[torch.add(at, 9)]), x)
      x = torch.layer_norm(x, [384], w[torch.add(at, 10)], w[torch.add(at, 11)], 1e-12)
    target = (self).pool(x, mask)
    count = torch.size(learners[3], 0)
    x = (self).embed(ids, w)
    used = torch.zeros([torch.numel(ids)])
    for layer in range(6):
      at = torch.add(5, torch.mul(layer, 12))
      l = torch.mul(layer, 4)
      g = torch.mul(layer, 2)
      x = (self).attend(x, visible, w, at)
      flat = torch.reshape(x, [-1, 384])
      logits = torch.add(torch.linear(flat, gates[g]), torch.matmul(features, gates[torch.add(g, 1)]))
      noise = torch.neg(torch.log(torch.neg(torch.log(torch.clamp(torch.rand_like(logits), 1e-20, 0.9999999)))))
      soft = torch.softmax(torch.div(torch.add(logits, noise), temperature), -1)
      above = torch.rsub(torch.slice(torch.cumsum(soft, -1), 1, 0, count), 1.)
      chosen = torch.unsqueeze(torch.argmax(soft, -1), -1)
      hard = torch.to(torch.gt(chosen, torch.arange(count)), 6)
      running = torch.add(hard, torch.sub(above, torch.detach(above)))
      units = torch.gelu(torch.linear(flat, learners[l], learners[torch.add(l, 1)]))
      whole = torch.slice(running, 1, torch.sub(count, 1))
      partly = torch.sub(torch.slice(running, 1, 0, torch.sub(count, 1)), whole)
      units = torch.mul(torch.view(units, [torch.size(units, 0), torch.sub(count, 1), -1]), torch.unsqueeze(partly, -1))
      units = torch.view(units, [torch.size(units, 0), -1])
      y = torch.linear(units, learners[torch.add(l, 2)])
      biased = torch.cat([torch.rsub(whole, 1.), partly], 1)
      y = torch.add(torch.add(y, torch.matmul(biased, learners[torch.add(l, 3)])), flat)
      dense = torch.gelu(torch.linear(flat, w[torch.add(at, 6)], w[torch.add(at, 7)]))
      dense = torch.linear(dense, w[torch.add(at, 8)], w[torch.add(at, 9)])
      y = torch.add(y, torch.mul(dense, whole))
      x = torch.view(torch.layer_norm(y, [384], w[torch.add(at, 10)], w[torch.add(at, 11)], 1e-12), torch.size(x))
      used = torch.add(used, torch.sum(running, [-1]))
    loss = torch.rsub(torch.mean(torch.sum(torch.mul((self).pool(x, mask), target), [-1])), 1.)
    share = torch.div(torch.matmul(groups, used), torch.mul(count, 6))
    budgetLoss = torch.mean(torch.mul(torch.abs(torch.sub(share, budgets)), budgetWeights))
    total = torch.add(loss, budgetLoss)
    results = annotate(List[Tensor], [torch.detach(loss)])
    for gradient in torch.grad([total], torch.add(learners, gates)):
      if gradient is not None:
        _0 = torch.append(results, gradient)
    return results
