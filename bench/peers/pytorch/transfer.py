"""Measures PyTorch on a step of fine-tuning a whole pretrained network, and on its features. Prints one JSON object.

The network is timm's of the same name, with random weights: speed does not depend on them. Batch normalization keeps
its statistics, as in Harrier. Of several ways to run PyTorch the fastest counts.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import nn

# Harrier's names, and timm's.
NETWORKS = {
    "efficientnet-lite0": "tf_efficientnet_lite0",
    "mobilenetv4-conv-small": "mobilenetv4_conv_small",
    "hgnetv2-b0": "hgnetv2_b0",
    "hgnetv2-b2": "hgnetv2_b2",
    "convnextv2-femto": "convnextv2_femto",
}
BATCH = 16
SIZE = 224
CLASSES = 10


def frozen(network: nn.Module) -> nn.Module:
    """In training mode, but for batch normalization, which keeps its statistics."""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    return network


def step_of(network: nn.Module, layout: torch.memory_format, compiled: bool) -> Callable[[], object]:
    network = frozen(network.to(memory_format=layout))
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-9, fused=True)
    images = torch.randn(BATCH, 3, SIZE, SIZE).to(memory_format=layout)
    labels = torch.arange(BATCH) % CLASSES
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    forward = torch.compile(network) if compiled else network

    def step() -> None:
        optimizer.zero_grad()
        loss_of(forward(images), labels).backward()
        optimizer.step()

    return step


def median_ms(step: Callable[[], object], steps: int) -> float:
    for _ in range(2):
        step()
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--network", default="efficientnet-lite0", choices=sorted(NETWORKS))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    import timm  # noqa: PLC0415, it says itself that it is missing

    variants = {}
    for name, layout, compiled in (
        ("eager", torch.contiguous_format, False),
        ("channels last", torch.channels_last, False),
        ("compiled, channels last", torch.channels_last, True),
    ):
        network = timm.create_model(NETWORKS[options.network], num_classes=CLASSES)
        try:
            variants[name] = median_ms(step_of(network, layout, compiled), options.steps)
        except Exception as error:  # noqa: BLE001, one way that fails leaves the others
            print(f"{name}: {error}", file=sys.stderr)
    print(json.dumps({"version": torch.__version__, "stepMs": min(variants.values()), "variants": variants}))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
