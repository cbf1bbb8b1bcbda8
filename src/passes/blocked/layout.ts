import { BLOCKED_DOMAIN, type GraphBuilder, type Value } from '../../onnx/index.ts';
import { expand, fixedDims, reduceSum, reshape } from '../../ops/index.ts';
import { sumOverBatch } from '../composites/matrix.ts';

/**
 * Which values of a graph under construction exist in the layout that ONNX Runtime's fastest CPU kernels work in:
 * channels in blocks of the processor's vector width, (N, C/b, H, W, b). Shapes are written as if there were no blocks.
 */
export class BlockedLayout {
  readonly graph: GraphBuilder;
  /** Channels of a block. */
  readonly block: number;
  /** A value's form in blocks. */
  readonly #blocked = new Map<Value, Value>();
  readonly #madeInBlocks = new Set<Value>();

  constructor(graph: GraphBuilder, block: number) {
    this.graph = graph;
    this.block = block;
  }

  /** (N, C, H, W) in blocks, padded with zeros to whole blocks: made once for all nodes that read it. */
  toBlocks(x: Value): Value {
    const made = this.#blocked.get(x) ?? this.graph.op('ReorderInput', [x], {}, { domain: BLOCKED_DOMAIN });
    this.#blocked.set(x, made);
    return made;
  }

  /**
   * A value in blocks in plain order. Nodes that can read it in blocks find it there; where all can, the reordering
   * has no reader and is dropped.
   *
   * @param channels without those that pad the last block
   */
  fromBlocks(blocked: Value, channels = fixedDims(blocked)[1]): Value {
    const x = this.graph.op('ReorderOutput', [blocked], { channels }, { domain: BLOCKED_DOMAIN });
    if (channels === fixedDims(blocked)[1]) {
      this.#blocked.set(x, blocked);
      this.#madeInBlocks.add(x);
    }
    return x;
  }

  /** Whether a value was computed in whole blocks, so that its readers are best computed there too. */
  isMadeInBlocks(x: Value | undefined): boolean {
    return x !== undefined && this.#madeInBlocks.has(x);
  }

  /**
   * The operands of an elementwise op in blocks, where one was made there and the others are there as well or are
   * single numbers; else undefined.
   */
  operands(inputs: readonly (Value | undefined)[]): Value[] | undefined {
    const made = inputs.find((input) => this.isMadeInBlocks(input));
    if (!made) return undefined;
    const operands = inputs.flatMap((input) => {
      if (!input) return [];
      if (input.shape.every((size) => size === 1)) return [input];
      const isAlike = input.shape.length === 4 && input.shape.every((size, i) => size === made.shape[i]);
      const blocked = isAlike ? this.#blocked.get(input) : undefined;
      return blocked ? [blocked] : [];
    });
    return operands.length === inputs.length ? operands : undefined;
  }

  /** A number for each channel, (C), at every position of an image in blocks: (1, C, H, W). */
  spread(vector: Value, image: Value): Value {
    const { graph, block } = this;
    const [, channels, height, width] = fixedDims(image);
    const blocks = channels / block;
    const dims = [1, blocks, height * width, block];
    const repeated = expand(graph, reshape(graph, vector, [1, blocks, 1, block]), dims);
    return reshape(graph, repeated, [1, channels, height, width]);
  }

  /** The sum of each channel of images in blocks, (C). */
  channelSums(images: Value): Value {
    const { graph, block } = this;
    const [, channels, height, width] = fixedDims(images);
    const dims = [channels / block, height * width, block];
    const ofBatch = reshape(graph, sumOverBatch(graph, images, 'cpu'), dims);
    return reshape(graph, reduceSum(graph, ofBatch, [1], false), [channels]);
  }
}
