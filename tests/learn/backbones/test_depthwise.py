import pytest
import torch
from torch import nn
from torch.nn import functional as F

from artsim.learn.backbones.depthwise import DepthwiseGradients


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("kernel", "stride", "padding"), [(5, 1, 2), (5, 2, 0), (3, 2, 1), (3, 1, 1)])
def test_outputs_and_gradients_match_the_convolution(kernel, stride, padding, bias):
    torch.manual_seed(0)
    layer = nn.Conv2d(8, 8, kernel, stride, padding, groups=8, bias=bias)
    images = torch.randn(3, 8, 12, 12, requires_grad=True)
    exact = layer(images)
    pull = torch.randn_like(exact)
    parts = [images, *layer.parameters()]
    expected = torch.autograd.grad(exact, parts, pull)
    with torch.autocast("cpu", torch.bfloat16), DepthwiseGradients():
        out = layer(images)
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), exact, atol=0.03, rtol=0.03)
    for gradient, wanted in zip(torch.autograd.grad(out, parts, pull.bfloat16()), expected, strict=True):
        assert gradient.dtype == torch.float32
        torch.testing.assert_close(gradient, wanted, atol=0.02 * float(wanted.abs().max()), rtol=0.02)


def test_other_functions_are_unchanged():
    images, dense, grouped = torch.randn(2, 8, 6, 6), torch.randn(8, 8, 3, 3), torch.randn(8, 4, 3, 3)
    with DepthwiseGradients():
        assert torch.equal(F.conv2d(images, dense), torch.conv2d(images, dense))
        assert F.conv2d(images, grouped, None, 1, 0, 1, 2).dtype == torch.float32
        assert F.conv2d(images[:, :1], dense[:1, :1], None, 1, 0, 1, 1).dtype == torch.float32
