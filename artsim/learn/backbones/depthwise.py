"""Runs depthwise convolutions in bfloat16 on the CPU, with gradients that take no longer than in float32."""

from typing import Any

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class DepthwiseGradients(TorchFunctionMode):
    """While active, depthwise convolutions run in bfloat16 and their gradients in float32.

    oneDNN has no bfloat16 kernels for the gradients of 5 x 5 kernels or strides of 2; they take ten times as long.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Replaces ``conv2d`` as torch.nn and timm call it, with groups last; calls everything else unchanged."""
        if func is F.conv2d and len(args) == 7 and args[6] == args[1].shape[0] > 1:
            images, weight, bias = (None if tensor is None else tensor.to(torch.bfloat16) for tensor in args[:3])
            return _Depthwise.apply(images, weight, bias, *args[3:])
        return func(*args, **(kwargs or {}))


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> torch.Tensor:
        images, weight, _, stride, padding, dilation, groups = arguments
        ctx.save_for_backward(images, weight)
        ctx.options = stride, padding, dilation, False, (0, 0), groups
        return F.conv2d(*arguments)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        images, weight = (tensor.float() for tensor in ctx.saved_tensors)
        of_bias = [weight.shape[0]] if ctx.needs_input_grad[2] else None
        gradients = torch.ops.aten.convolution_backward(
            gradient.float(), images, weight, of_bias, *ctx.options, ctx.needs_input_grad[:3]
        )
        return *(None if tensor is None else tensor.to(torch.bfloat16) for tensor in gradients), None, None, None, None
