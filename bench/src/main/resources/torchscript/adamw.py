class Model(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  def forward(self: __torch__.Model,
    w: List[Tensor],
    gradients: List[Tensor],
    m: List[Tensor],
    v: List[Tensor],
    steps: List[Tensor],
    rate: float) -> Tensor:
    norm = torch.linalg_vector_norm(torch.stack(torch._foreach_norm(gradients)))
    torch._foreach_mul_(gradients, torch.clamp(torch.reciprocal(norm), None, 1.))
    torch._foreach_add_(steps, 1)
    torch._fused_adamw_(w, gradients, m, v, annotate(List[Tensor], []), steps, lr=rate, beta1=0.9, beta2=0.999, weight_decay=0., eps=1e-8, amsgrad=False, maximize=False)
    return norm
