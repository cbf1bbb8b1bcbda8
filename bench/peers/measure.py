"""What the Python peers share: their options, the figures measured, how a time is taken, the form of a result."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

TRAINING_BATCH = 32
INFERENCE_BATCHES = (1, 64)
OPTIMIZERS = ("sgd", "adam")
WARM_UP_STEPS = 10
DEFAULT_STEPS = 50

Figures = dict[str, float]


class Convolution(NamedTuple):
    """A 3x3 convolution, stride 1, padding 1, no bias, over square maps of `size` pixels a side, batch 32."""

    inputs: int
    outputs: int
    size: int

    @property
    def name(self) -> str:
        return f"{self.inputs}x{self.outputs} k3 {self.size}x{self.size}"

    def gflops_per_second(self, milliseconds: float) -> float:
        """The rate of one forward pass, input gradient and kernel gradient: three products of equal cost."""
        product = 2 * TRAINING_BATCH * self.outputs * self.size**2 * self.inputs * 9
        return 3 * product / milliseconds / 1e6


CONVOLUTIONS = (Convolution(64, 64, 32), Convolution(128, 128, 16), Convolution(256, 256, 8))


class Options(NamedTuple):
    threads: int
    steps: int
    extras: bool


def read_options(description: str, extras: str) -> Options:
    """Reads the command line. `extras` says what `--quick` leaves out."""
    parser = argparse.ArgumentParser(description=description)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parser.add_argument("--threads", type=int, default=cores, help="threads to compute with (default: cores)")
    parser.add_argument(
        "--steps", type=int, default=DEFAULT_STEPS, help="timed steps a figure (default: %(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help=f"leave out {extras}")
    given = parser.parse_args()
    if given.threads < 1 or given.steps < 1:
        parser.error("--threads and --steps must be at least 1")
    return Options(given.threads, given.steps, not given.quick)


def time_ms(step: Callable[[], object], steps: int) -> Figures:
    """Runs `step` untimed first (10 times, fewer when `steps` is), then times each of `steps` runs of it."""
    for _ in range(min(WARM_UP_STEPS, steps)):
        step()
    times: list[float] = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1000)
    return {"min": min(times), "median": statistics.median(times), "max": max(times)}


class Variant:
    """The figures of one way to run a peer. Each is a median; `seedStepMsAll` adds the fastest and slowest step."""

    def __init__(self) -> None:
        self.seed_step_ms: dict[str, Figures] = {}
        self.conv_gflops: Figures = {}
        self.images_per_second: Figures = {}

    def result(self) -> dict[str, object]:
        groups = {
            "seedStepMs": {name: times["median"] for name, times in self.seed_step_ms.items()},
            "seedStepMsAll": self.seed_step_ms,
            "convGflops": self.conv_gflops,
            "imagesPerSecond": self.images_per_second,
        }
        return {name: group for name, group in groups.items() if group}


def fastest(variants: dict[str, Variant]) -> Variant:
    """Each figure from the variant that does best at it."""
    best = Variant()
    for variant in variants.values():
        for name, times in variant.seed_step_ms.items():
            if name not in best.seed_step_ms or times["median"] < best.seed_step_ms[name]["median"]:
                best.seed_step_ms[name] = times
        for found, rates in (
            (best.conv_gflops, variant.conv_gflops),
            (best.images_per_second, variant.images_per_second),
        ):
            for name, rate in rates.items():
                found[name] = max(found.get(name, 0.0), rate)
    return best


def attempt(what: str, notes: dict[str, str], measure: Callable[..., None], *arguments: object) -> None:
    """Runs `measure(*arguments)`. What fails is left out of the result; its error's first line goes to `notes`."""
    print(f"{what} …", file=sys.stderr, flush=True)
    try:
        measure(*arguments)
    except Exception as error:  # a peer that cannot do one thing still does the others
        notes[what] = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
        print(f"{what}: {notes[what]}", file=sys.stderr, flush=True)


def report(
    name: str,
    version: str,
    options: Options,
    headline: Variant,
    variants: dict[str, Variant],
    notes: dict[str, str],
) -> dict[str, object]:
    """The result: the headline's figures at the top, then the best of each, then every variant's."""
    return {
        "name": name,
        "version": version,
        "threads": options.threads,
        "steps": options.steps,
        **headline.result(),
        "fastest": {
            key: value for key, value in fastest(variants).result().items() if key != "seedStepMsAll"
        },
        "variants": {key: value.result() for key, value in variants.items()},
        "notes": notes,
    }


def print_only(measure: Callable[[], dict[str, object]]) -> None:
    """Prints the result of `measure` as one line of JSON; whatever libraries print meanwhile goes to stderr."""
    with contextlib.redirect_stdout(sys.stderr):
        result = measure()
    print(json.dumps(rounded(result)))


def rounded(value: object) -> object:
    """The same result with its numbers to three decimals."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value
