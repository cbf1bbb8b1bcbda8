import { BLOCKED_DOMAIN, type GraphBuilder, type Value } from '../onnx/index.ts';
import { expand, fixedDims, reduceSum, reshape } from '../ops/index.ts';
import { sumOverBatch } from './matrix.ts';

// The layout that ONNX Runtime's fastest CPU kernels work in: channels in blocks of the processor's vector width,
// (N, C/b, H, W, b). Shapes are written as if there were no blocks.

const reordered = new WeakMap<Value, Value>();
const madeInBlocks = new WeakSet<Value>();

/** (N, C, H, W) in blocks, filled up with zeros: made once for all that reads it. */
export function inBlocks(graph: GraphBuilder, x: Value): Value {
  const made = reordered.get(x) ?? graph.op('ReorderInput', [x], {}, { domain: BLOCKED_DOMAIN });
  reordered.set(x, made);
  return made;
}

/**
 * What a value in blocks is without them. Whatever can read it in blocks finds it there, and where all can, nothing is put
 * back in order.
 *
 * @param channels those that do not only fill the last block up
 */
export function outOfBlocks(graph: GraphBuilder, blocked: Value, channels = fixedDims(blocked)[1]): Value {
  const x = graph.op('ReorderOutput', [blocked], { channels }, { domain: BLOCKED_DOMAIN });
  if (channels === fixedDims(blocked)[1]) {
    reordered.set(x, blocked);
    madeInBlocks.add(x);
  }
  return x;
}

/** Whether a value was computed in whole blocks, so that what comes of it is best computed there too. */
export function isMadeInBlocks(x: Value): boolean {
  return madeInBlocks.has(x);
}

/**
 * The operands of an elementwise op in blocks, where one was made there and the others are there as well or are single
 * numbers; else undefined.
 */
export function operandsInBlocks(inputs: readonly (Value | undefined)[]): Value[] | undefined {
  const made = inputs.find((input) => input && isMadeInBlocks(input));
  if (!made) return undefined;
  const operands = inputs.flatMap((input) => {
    if (!input) return [];
    if (input.shape.every((size) => size === 1)) return [input];
    const isAlike = input.shape.length === 4 && input.shape.every((size, i) => size === made.shape[i]);
    const blocked = isAlike ? reordered.get(input) : undefined;
    return blocked ? [blocked] : [];
  });
  return operands.length === inputs.length ? operands : undefined;
}

/** A number for each channel, (C), at every place of an image in blocks: (1, C, H, W). */
export function acrossBlocks(graph: GraphBuilder, vector: Value, image: Value, block: number): Value {
  const [, channels, height, width] = fixedDims(image);
  const blocks = channels / block;
  const repeated = expand(graph, reshape(graph, vector, [1, blocks, 1, block]), [
    1,
    blocks,
    height * width,
    block,
  ]);
  return reshape(graph, repeated, [1, channels, height, width]);
}

/** The sum of each channel of images in blocks, (C). */
export function sumInBlocks(graph: GraphBuilder, images: Value, block: number): Value {
  const [, channels, height, width] = fixedDims(images);
  const ofBatch = reshape(graph, sumOverBatch(graph, images, 'cpu'), [
    channels / block,
    height * width,
    block,
  ]);
  return reshape(graph, reduceSum(graph, ofBatch, [1], false), [channels]);
}
