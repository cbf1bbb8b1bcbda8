"""Measures PyTorch on the training step of a network equal to the recipe `record`'s. Prints one JSON object.

A step is a whole batch in parts: forward and backward of each, then Muon for the convolutions and SGD with Nesterov's
momentum for offsets and the last layer. Of several ways to run PyTorch the fastest counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

import torch
from torch import Tensor, nn
from torch.nn import functional


class Network(nn.Module):
    """Normalised pixels (N, 3, 32, 32) to ten logits."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        self.whiten.weight.requires_grad_(False)
        layers: list[nn.Module] = [nn.GELU()]
        inputs = 24
        for filters in (width, growth * width, growth * width):
            layers += [nn.Conv2d(inputs, filters, 3, padding=1, bias=False), nn.MaxPool2d(2), *normalized(filters)]
            layers += [nn.Conv2d(filters, filters, 3, padding=1, bias=False), *normalized(filters)]
            inputs = filters
        self.blocks = nn.Sequential(*layers)
        self.head = nn.Linear(inputs, 10, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.blocks(self.whiten(images)).amax((2, 3)))


def normalized(filters: int) -> tuple[nn.Module, nn.Module]:
    norm = nn.BatchNorm2d(filters, eps=1e-12, momentum=0.4)
    norm.weight.requires_grad_(False)
    return norm, nn.GELU()


@torch.no_grad()
def muon(kernels: list[nn.Parameter], velocities: list[Tensor], rate: float, momentum: float) -> None:
    """Three Newton-Schulz iterations on each kernel's velocity, kernels brought to the norm √outputs."""
    for kernel, velocity in zip(kernels, velocities, strict=True):
        gradient = kernel.grad
        assert gradient is not None
        velocity.mul_(momentum).add_(gradient)
        x = gradient.add(velocity, alpha=momentum).reshape(len(gradient), -1)
        x = x / (x.norm() + 1e-7)
        turned = x.size(0) > x.size(1)
        x = x.T if turned else x
        for _ in range(3):
            gram = x @ x.T
            x = 3.4445 * x + (-4.775 * gram + 2.0315 * gram @ gram) @ x
        x = x.T if turned else x
        kernel.mul_(len(kernel) ** 0.5 / kernel.norm()).add_(x.reshape(kernel.shape), alpha=-rate)


def median_ms(options: argparse.Namespace, channels_last: bool, compiled: bool) -> float:
    torch.manual_seed(1)
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    network = Network(options.width, options.growth).train().to(memory_format=memory_format)
    kernels = [p for p in network.parameters() if p.ndim == 4 and p.requires_grad]
    others = [p for p in network.parameters() if p.ndim != 4 and p.requires_grad]
    velocities = [torch.zeros_like(kernel) for kernel in kernels]
    optimizer = torch.optim.SGD(others, lr=1e-9, momentum=0.85, nesterov=True, fused=True)
    images = torch.rand(options.batch, 3, 32, 32).contiguous(memory_format=memory_format)
    labels = torch.randint(0, 10, (options.batch,))

    def loss_of(pixels: Tensor, classes: Tensor) -> Tensor:
        return functional.cross_entropy(network(pixels), classes, label_smoothing=0.2)

    loss = torch.compile(loss_of, dynamic=False) if compiled else loss_of
    times = []
    for step in range(options.steps + 1):
        start = time.perf_counter()
        network.zero_grad(set_to_none=True)
        for part in range(0, options.batch, options.micro_batch):
            pixels = images[part : part + options.micro_batch]
            (loss(pixels, labels[part : part + options.micro_batch]) * (len(pixels) / options.batch)).backward()
        muon(kernels, velocities, 1e-9, 0.6)
        optimizer.step()
        if step > 0:
            times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--growth", type=int, default=4, help="width of the later blocks, times that of the first")
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--micro-batch", type=int, default=512)
    parser.add_argument("--steps", type=int, default=3, help="timed steps, after one that is not")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    ways = {
        "eager": (False, False),
        "channels last": (True, False),
        "compiled": (False, True),
        "channels last, compiled": (True, True),
    }
    variants: dict[str, float] = {}
    notes: dict[str, str] = {}
    for name, (channels_last, compiled) in ways.items():
        try:
            variants[name] = median_ms(options, channels_last, compiled)
            print(f"{name}: {variants[name]:.0f} ms", file=sys.stderr)
        except Exception as error:  # torch.compile without a C++ compiler, above all
            notes[name] = str(error).strip().splitlines()[0]
    print(
        json.dumps(
            {
                "name": "pytorch",
                "version": torch.__version__,
                "threads": options.threads,
                "stepMs": min(variants.values()),
                "variants": variants,
                "notes": notes,
            }
        )
    )


if __name__ == "__main__":
    main()
