"""What quantised linear layers share: a drop-in for `nn.Linear` whose matrix lies in whole numbers."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib.models.attention import MultiHeadAttention


class QuantisedLinear(nn.Module):
    """y = x Wᵀ + b with W in whole numbers.

    The matrix is not trained; the bias can be, and so can adapters (`add_lora`), whose low-rank products are added to
    y: QLoRA (Dettmers et al. 2023, section 3). Gradients go through the layer to x as if W were the real numbers that
    its whole numbers stand for. A subclass has `weight`, which computes these, and `product`.

    Args:
        in_features, out_features: sizes.
        bias: None, or (out,).

    Shapes: x (…, in) → (…, out), in x's precision.
    """

    def __init__(self, in_features: int, out_features: int, bias: Tensor | None = None):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone())
        self.adapters = nn.ModuleList()

    @property
    def weight(self) -> Tensor:
        """The matrix in real numbers, (out, in), computed anew each time."""
        raise NotImplementedError

    def product(self, x: Tensor) -> Tensor:
        """x Wᵀ by the fastest way there is, without gradients: (rows, in) → (rows, out)."""
        raise NotImplementedError

    def for_rows(self, n: int) -> Callable[[Tensor], Tensor]:
        """The layer for many calls with x (n, in), without gradients: a subclass may spare itself the questions."""
        return self

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] != self.in_features:
            raise ValueError(
                f"x has shape {tuple(x.shape)}; its last dimension must be in_features = {self.in_features}."
            )
        rows = x.reshape(-1, self.in_features)  # (…, in) → (rows, in)
        product = _Product.apply(rows, self) if torch.is_grad_enabled() else self.product(rows)
        y = product.view(*x.shape[:-1], self.out_features)  # (rows, out) → (…, out)
        if self.bias is not None:
            y = y + self.bias
        for adapter in self.adapters:
            y = y + adapter.product(x, self.out_features)
        return y

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class _Product(torch.autograd.Function):
    """A product whose backward pass computes the matrix again, rather than keep it in real numbers until then."""

    @staticmethod
    def forward(ctx, rows: Tensor, layer: QuantisedLinear) -> Tensor:
        ctx.layer = layer
        return layer.product(rows)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient @ ctx.layer.weight.to(gradient.dtype), None  # (rows, out) @ (out, in)


def replace_linears(
    model: nn.Module,
    make: Callable[[nn.Linear], nn.Module],
    wanted: Callable[[str], bool] = lambda name: True,
) -> list[str]:
    """Put make(linear) in the place of every `nn.Linear` in a model, the joint projection of each attention included.

    Args:
        make: such as `Int8Linear.from_linear`.
        wanted: wanted(name) says which; names as in `model.named_modules()`, and "….in_proj" for the joint projections.

    Returns:
        The names of what was replaced.

    Raises:
        ValueError: nothing was.
    """
    replaced = []
    for name, module in list(model.named_modules()):
        prefix = f"{name}." if name else ""
        if isinstance(module, MultiHeadAttention) and module.in_proj is None and wanted(f"{prefix}in_proj"):
            module.replace_in_proj(make)
            replaced.append(f"{prefix}in_proj")
        for child, part in list(module.named_children()):
            if type(part) is nn.Linear and wanted(prefix + child):
                setattr(module, child, make(part))
                replaced.append(prefix + child)
    if not replaced:
        raise ValueError(f"{type(model).__name__} has no nn.Linear that is wanted; nothing was replaced.")
    return replaced


def tensor_bytes(model: nn.Module) -> int:
    """Bytes of a model's parameters and buffers, each counted once: what a state dict holds."""
    tensors = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
