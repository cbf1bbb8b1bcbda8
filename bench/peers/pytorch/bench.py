"""Measures PyTorch on the CPU: training step, convolutions, inference. Prints one JSON object."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from network import seed_network

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import measure  # noqa: E402  (it stands one folder up, shared with the other peers)
from measure import CONVOLUTIONS, INFERENCE_BATCHES, OPTIMIZERS, TRAINING_BATCH, Convolution, Options  # noqa: E402


@dataclass(frozen=True)
class Way:
    """One way to run PyTorch, and which figures it changes."""

    figures: frozenset[str]
    channels_last: bool = False
    fused: bool = False
    """Fused optimizers: one pass over each parameter (PyTorch 2.4 and newer)."""
    compiled: bool = False
    """torch.compile, which needs a C++ compiler."""
    frozen: bool = False
    """TorchScript with weights as constants, reordered ahead for the convolution and product kernels."""

    @property
    def memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def compile(self, function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        return torch.compile(function, dynamic=False) if self.compiled else function


TRAINING, CONVOLUTION, INFERENCE = "training", "convolution", "inference"
HEADLINE = "eager"
WAYS = {
    HEADLINE: Way(frozenset({TRAINING, CONVOLUTION, INFERENCE})),
    "fused optimizer": Way(frozenset({TRAINING}), fused=True),
    "channels last, fused optimizer": Way(
        frozenset({TRAINING, CONVOLUTION, INFERENCE}), channels_last=True, fused=True
    ),
    "compiled, fused optimizer": Way(frozenset({TRAINING, INFERENCE}), compiled=True, fused=True),
    "frozen TorchScript": Way(frozenset({INFERENCE}), frozen=True),
}


def build(way: Way) -> nn.Module:
    """The seed's classifier up to its logits, weights laid out as `way` says."""
    return seed_network().to(memory_format=way.memory_format)


def random_images(count: int, way: Way) -> torch.Tensor:
    """Pixels from 0 to 1, laid out as `way` says."""
    return torch.rand(count, 3, 32, 32).contiguous(memory_format=way.memory_format)


def training_step(way: Way, optimizer_name: str) -> Callable[[], object]:
    """Forward pass, backward pass and update on one batch of random data."""
    network = build(way).train()
    fused = {"fused": True} if way.fused else {}
    if optimizer_name == "sgd":
        optimizer: torch.optim.Optimizer = torch.optim.SGD(network.parameters(), lr=0.01, **fused)
    else:
        optimizer = torch.optim.Adam(network.parameters(), lr=0.001, eps=1e-7, **fused)
    images = random_images(TRAINING_BATCH, way)
    labels = torch.randint(0, 10, (TRAINING_BATCH,))
    loss_of = way.compile(lambda pixels, classes: functional.cross_entropy(network(pixels), classes))

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(images, labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def convolution_step(way: Way, shape: Convolution) -> Callable[[], object]:
    """One convolution forward, then both its gradients."""
    images = torch.randn(TRAINING_BATCH, shape.inputs, shape.size, shape.size)
    images = images.contiguous(memory_format=way.memory_format).requires_grad_()
    kernel = torch.randn(shape.outputs, shape.inputs, 3, 3)
    kernel = kernel.contiguous(memory_format=way.memory_format).requires_grad_()
    incoming = torch.randn(TRAINING_BATCH, shape.outputs, shape.size, shape.size)
    incoming = incoming.contiguous(memory_format=way.memory_format)
    return lambda: torch.autograd.grad(
        functional.conv2d(images, kernel, padding=1), (images, kernel), incoming
    )


def prediction_step(way: Way, batch: int) -> Callable[[], object]:
    """Pixels to probabilities, with nothing kept for a gradient."""
    network = nn.Sequential(build(way), nn.Softmax(dim=1)).eval()
    images = random_images(batch, way)
    if way.frozen:
        with torch.no_grad():
            network = torch.jit.optimize_for_inference(torch.jit.trace(network, images))
    probabilities = way.compile(network)

    def step() -> torch.Tensor:
        with torch.inference_mode():
            return probabilities(images)

    return step


def measure_way(name: str, way: Way, options: Options, notes: dict[str, str]) -> measure.Variant:
    """Every figure that this way of running changes."""
    found = measure.Variant()

    def training(optimizer: str) -> None:
        found.seed_step_ms[optimizer] = measure.time_ms(training_step(way, optimizer), options.steps)

    def convolution(shape: Convolution) -> None:
        times = measure.time_ms(convolution_step(way, shape), options.steps)
        found.conv_gflops[shape.name] = shape.gflops_per_second(times["median"])

    def inference(batch: int) -> None:
        times = measure.time_ms(prediction_step(way, batch), options.steps)
        found.images_per_second[f"batch{batch}"] = batch / times["median"] * 1000

    if TRAINING in way.figures:
        for optimizer in OPTIMIZERS:
            measure.attempt(f"{name}: seed step, {optimizer}", notes, training, optimizer)
    if CONVOLUTION in way.figures:
        for shape in CONVOLUTIONS:
            measure.attempt(f"{name}: convolution {shape.name}", notes, convolution, shape)
    if INFERENCE in way.figures:
        for batch in INFERENCE_BATCHES:
            measure.attempt(f"{name}: inference, batch {batch}", notes, inference, batch)
    return found


def main() -> dict[str, object]:
    options = measure.read_options(__doc__ or "", extras="every way to run PyTorch but the plain one")
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    notes: dict[str, str] = {}
    ways = WAYS if options.extras else {HEADLINE: WAYS[HEADLINE]}
    variants = {name: measure_way(name, way, options, notes) for name, way in ways.items()}
    return measure.report("pytorch", torch.__version__, options, variants[HEADLINE], variants, notes)


if __name__ == "__main__":
    measure.print_only(main)
