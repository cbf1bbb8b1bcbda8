import { exportModel, type ForeignModel } from '../../src/models/index.ts';
import { encodeModel, float32, type Model, type Tensor } from '../../src/onnx/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';

const runtime = nodeRuntime({ threads: 1 });

/** Pixels that a number stands for, `[count, height, width, 3]`. */
export function drawPixels(count: number, height: number, width: number): Uint8Array {
  return Uint8Array.from(
    { length: count * height * width * 3 },
    (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 255,
  );
}

/** The images as a model of another program takes them: `[count, 3, height, width]` or channels last. */
export function asInput(
  pixels: Uint8Array,
  count: number,
  {
    height,
    width,
    channelsLast = false,
    bgr = false,
    pixel = (value: number, _channel: number): number => value,
  }: {
    readonly height: number;
    readonly width: number;
    readonly channelsLast?: boolean;
    readonly bgr?: boolean;
    /** From a pixel (0–255) of a channel (red is 0) to a number. */
    readonly pixel?: (value: number, channel: number) => number;
  },
): Tensor {
  const area = height * width;
  const data = new Float32Array(pixels.length);
  for (let n = 0; n < count; n++) {
    for (let at = 0; at < area; at++) {
      for (let channel = 0; channel < 3; channel++) {
        const place = bgr ? 2 - channel : channel;
        const to = channelsLast ? (n * area + at) * 3 + place : (n * 3 + place) * area + at;
        data[to] = pixel(pixels[(n * area + at) * 3 + channel], channel);
      }
    }
  }
  return float32(channelsLast ? [count, height, width, 3] : [count, 3, height, width], data);
}

/** What ONNX Runtime makes of the one input of a model. */
export async function original(model: Model, input: Tensor): Promise<Float32Array> {
  const executable = await runtime.compile(encodeModel(model));
  try {
    const outputs = await executable.step({ [model.graph.inputs[0].name]: input });
    return outputs[model.graph.outputs[0].name].data as Float32Array;
  } finally {
    await executable.dispose();
  }
}

/** The scores (before softmax, but for a constant in each row) that the imported network gives, as Harrier exports it. */
export async function imported(
  { network, weights }: Pick<ForeignModel, 'network' | 'weights'>,
  pixels: Uint8Array,
): Promise<Float32Array> {
  const executable = await runtime.compile(encodeModel(exportModel(network, weights)));
  const { inputShape: shape } = network;
  const size = shape[0] * shape[1] * 3;
  try {
    const image = {
      type: 'uint8' as const,
      dims: [pixels.length / size, shape[0], shape[1], 3],
      data: pixels,
    };
    const { probabilities } = await executable.step({ image });
    return (probabilities.data as Float32Array).map(Math.log);
  } finally {
    await executable.dispose();
  }
}

/** The largest difference of log-probabilities, row by row; `scores` may be logits. */
export function difference(logProbabilities: Float32Array, scores: Float32Array, classes: number): number {
  let largest = 0;
  for (let row = 0; row < scores.length; row += classes) {
    const own = scores.subarray(row, row + classes);
    const top = Math.max(...own);
    const total = own.reduce((sum, value) => sum + Math.exp(value - top), 0);
    own.forEach((value, i) => {
      const expected = value - top - Math.log(total);
      largest = Math.max(largest, Math.abs(logProbabilities[row + i] - expected));
    });
  }
  return largest;
}
