"""Depthwise convolutions on the CPU whose gradients in bfloat16 take no longer than in float32."""

from typing import Any

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class DepthwiseGradients(TorchFunctionMode):
    """While it is entered, depthwise convolutions run in bfloat16 and their gradients in float32.

    oneDNN has no bfloat16 kernels for the gradients of kernels of 5 x 5 or strides of 2, and takes ten times as long.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Stands in for ``conv2d`` as torch.nn and timm call it, groups last; all else is as it was."""
        if func is F.conv2d and len(args) == 7 and args[6] == args[1].shape[0] > 1:
            images, weight, bias = (None if one is None else one.to(torch.bfloat16) for one in args[:3])
            return _Depthwise.apply(images, weight, bias, *args[3:])
        return func(*args, **(kwargs or {}))


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> torch.Tensor:
        images, weight, _, stride, padding, dilation, groups = arguments
        ctx.save_for_backward(images, weight)
        ctx.how = stride, padding, dilation, False, (0, 0), groups
        return F.conv2d(*arguments)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        images, weight = (one.float() for one in ctx.saved_tensors)
        of_bias = [weight.shape[0]] if ctx.needs_input_grad[2] else None
        found = torch.ops.aten.convolution_backward(
            gradient.float(), images, weight, of_bias, *ctx.how, ctx.needs_input_grad[:3]
        )
        return *(None if one is None else one.to(torch.bfloat16) for one in found), None, None, None, None
