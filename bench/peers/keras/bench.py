"""Measures Keras 3 on TensorFlow's CPU build: training step, convolutions, inference. Prints one JSON object."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras  # noqa: E402  (its backend is chosen above)
import tensorflow as tf  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import measure  # noqa: E402  (it stands one folder up, shared with the other peers)
from measure import CONVOLUTIONS, INFERENCE_BATCHES, OPTIMIZERS, TRAINING_BATCH, Convolution, Options  # noqa: E402
from network import seed_network  # noqa: E402

Compilation = bool | str
"""What `Model.compile` takes as `jit_compile`: whether XLA compiles the step; "auto" is Keras's own choice."""

WAYS: dict[str, Compilation] = {"jit_compile=auto": "auto", "jit_compile=False": False}
HEADLINE = "jit_compile=auto"


def training_step(jit_compile: Compilation, optimizer_name: str) -> Callable[[], object]:
    """`train_on_batch` on one batch of random data: forward pass, backward pass and update."""
    network = seed_network()
    if optimizer_name == "sgd":
        optimizer: keras.optimizers.Optimizer = keras.optimizers.SGD(0.01)
    else:
        optimizer = keras.optimizers.Adam(0.001)
    network.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=jit_compile)
    images = tf.random.uniform((TRAINING_BATCH, 32, 32, 3))
    labels = tf.random.uniform((TRAINING_BATCH,), maxval=10, dtype=tf.int32)
    return lambda: network.train_on_batch(images, labels)


def convolution_step(jit_compile: Compilation, shape: Convolution) -> Callable[[], object]:
    """One convolution forward, then both its gradients, in TensorFlow's own channels-last layout."""
    images = tf.random.normal((TRAINING_BATCH, shape.size, shape.size, shape.inputs))
    kernel = tf.random.normal((3, 3, shape.inputs, shape.outputs))
    incoming = tf.random.normal((TRAINING_BATCH, shape.size, shape.size, shape.outputs))

    @tf.function(jit_compile=bool(jit_compile))
    def both_ways(pixels: tf.Tensor, weights: tf.Tensor, gradient: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch((pixels, weights))
            output = tf.nn.conv2d(pixels, weights, strides=1, padding="SAME")
        return [output, *tape.gradient(output, (pixels, weights), output_gradients=gradient)]

    return lambda: both_ways(images, kernel, incoming)[-1].numpy()


def prediction_step(jit_compile: Compilation, batch: int) -> Callable[[], object]:
    """The model as one compiled function: `Model.predict` without its data pipeline, callbacks and progress bar."""
    network = seed_network()
    images = tf.random.uniform((batch, 32, 32, 3))

    @tf.function(jit_compile=bool(jit_compile))
    def predict(pixels: tf.Tensor) -> tf.Tensor:
        return network(pixels, training=False)

    return lambda: predict(images).numpy()


def measure_way(
    name: str, jit_compile: Compilation, options: Options, notes: dict[str, str]
) -> measure.Variant:
    """Every figure, run this way."""
    found = measure.Variant()

    def training(optimizer: str) -> None:
        found.seed_step_ms[optimizer] = measure.time_ms(training_step(jit_compile, optimizer), options.steps)

    def convolution(shape: Convolution) -> None:
        times = measure.time_ms(convolution_step(jit_compile, shape), options.steps)
        found.conv_gflops[shape.name] = shape.gflops_per_second(times["median"])

    def inference(batch: int) -> None:
        times = measure.time_ms(prediction_step(jit_compile, batch), options.steps)
        found.images_per_second[f"batch{batch}"] = batch / times["median"] * 1000

    for optimizer in OPTIMIZERS:
        measure.attempt(f"{name}: seed step, {optimizer}", notes, training, optimizer)
    for shape in CONVOLUTIONS:
        measure.attempt(f"{name}: convolution {shape.name}", notes, convolution, shape)
    for batch in INFERENCE_BATCHES:
        measure.attempt(f"{name}: inference, batch {batch}", notes, inference, batch)
    return found


def main() -> dict[str, object]:
    options = measure.read_options(__doc__ or "", extras="the run with jit_compile=False")
    # Both pools at one size, as TensorFlow sizes them itself: to the number of cores.
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    keras.utils.set_random_seed(1)
    notes: dict[str, str] = {}
    ways = WAYS if options.extras else {HEADLINE: WAYS[HEADLINE]}
    variants = {name: measure_way(name, way, options, notes) for name, way in ways.items()}
    version = f"{keras.__version__} on TensorFlow {tf.__version__}"
    return measure.report("keras", version, options, measure.fastest(variants), variants, notes)


if __name__ == "__main__":
    measure.print_only(main)
