# Writes the files beside it, with PyTorch 2.13.0 (CPU): PyTorchFileTest reads what torch.save really writes.
import collections
import torch

shared = torch.arange(12.0)
plain = collections.OrderedDict(
    f16=torch.tensor([1.0, -2.0, 0.5]).half(),
    bf16=torch.tensor([[1.0, -2.0]]).bfloat16(),
    f64=torch.tensor([1.25]).double(),
    view=shared[4:8].view(2, 2),
    tied=shared,
    transposed=shared.view(3, 4).t(),
    row=shared.view(3, 4)[1:2],
    column=shared.view(3, 4)[:, :1],
    scalar=torch.tensor(7.0),
    empty=torch.zeros(0, 3),
    i64=torch.tensor([5]),
    bool=torch.tensor([True]),
    parameter=torch.nn.Parameter(torch.tensor([9.0])),
)
torch.save(plain, "plain.bin")
torch.save(dict(plain), "protocol4.bin", pickle_protocol=4)
torch.save(plain, "before-1.6.bin", _use_new_zipfile_serialization=False)

# With _metadata, and a buffer.
module = torch.nn.BatchNorm1d(2)
torch.save(module.state_dict(), "state_dict.bin")

torch.save(module, "module.bin")
torch.save({"model": module.state_dict(), "epoch": 3, "rate": 0.1}, "checkpoint.bin")
torch.save(torch.ones(2), "tensor.bin")
torch.save({"sparse": torch.eye(2).to_sparse()}, "sparse.bin")
torch.save({"negated": torch._neg_view(torch.ones(2))}, "negated.bin")
torch.save({"f8": torch.ones(2).to(torch.float8_e4m3fn)}, "f8.bin")
torch.save({"q8": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)}, "q8.bin")
