import { HarrierError } from '../errors.ts';
import type { BuiltNode, Model, NamedType, TensorData, Value } from '../onnx/index.ts';
import { decodeModel } from '../onnx/index.ts';
import { reshape } from '../ops/index.ts';
import type { Executable, Runtime } from '../runtime/index.ts';
import { type Anatomy, dissect, sizeOf } from './anatomy.ts';
import { compileGraph } from './compile.ts';
import { images } from './features.ts';

/** Images that go through at once: more save no time, and take memory. */
const BATCH = 16;

/**
 * Computes the features of an image: the input of the last layer with weights. Images that the model finds similar
 * have features with a high cosine similarity.
 */
export class Embedder {
  /** Numbers of one embedding. */
  readonly size: number;
  readonly #image: NamedType;
  readonly #executable: Executable;

  private constructor(size: number, image: NamedType, executable: Executable) {
    this.size = size;
    this.#image = image;
    this.#executable = executable;
  }

  /**
   * @param source a model, or the bytes of an `.onnx` file
   * @throws HarrierError `not-supported` when it is no classifier of images, or has no last layer of weights
   */
  static async load(runtime: Runtime, source: Model | Uint8Array, where = 'model'): Promise<Embedder> {
    const anatomy = dissect(source instanceof Uint8Array ? decodeModel(source, where) : source, 'N', where);
    const taken = headInput(anatomy, where);
    const size = sizeOf({ ...taken, shape: taken.shape.slice(1) });
    anatomy.graph.output(reshape(anatomy.graph, taken, [-1, size]), 'embeddings');
    return new Embedder(size, anatomy.image, await compileGraph(runtime, anatomy.graph));
  }

  /**
   * @param pixels any number of images in the model's own shape and type: uint8 `[count, height, width, 3]`
   * @returns float32 `[count, size]`, each row of length 1 (so that a product of two is their cosine)
   * @throws HarrierError `bad-shape` for pixels that are no whole images
   */
  async embed(pixels: TensorData): Promise<Float32Array> {
    const [count] = images(this.#image, pixels).dims;
    const values = pixels.length / count;
    const rows = new Float32Array(count * this.size);
    for (let start = 0; start < count; start += BATCH) {
      const part = pixels.subarray(start * values, (start + BATCH) * values);
      const { embeddings } = await this.#executable.step({
        [this.#image.name]: images(this.#image, part),
      });
      rows.set(embeddings.data as Float32Array, start * this.size);
    }
    for (let start = 0; start < rows.length; start += this.size) {
      const row = rows.subarray(start, start + this.size);
      const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
      if (length > 0) row.set(row.map((value) => value / length));
    }
    return rows;
  }

  /** Frees the memory of the model. */
  async dispose(): Promise<void> {
    await this.#executable.dispose();
  }
}

/** The value that the last product with weights takes, on the way back from the logits. */
function headInput({ graph, nodes, logits, image }: Anatomy, where: string): Value {
  const makers = new Map<string, BuiltNode>(
    nodes.flatMap((node) => node.outputs.map((output) => [output.name, node] as const)),
  );
  let value = logits;
  for (let node = makers.get(value.name); node; node = makers.get(value.name)) {
    const changing = node.inputs.filter((input) => input === image || makers.has(input?.name ?? ''));
    if (changing.length !== 1) break;
    value = changing[0]!;
    if (['Gemm', 'MatMul', 'Conv'].includes(node.opType)) return value;
  }
  throw new HarrierError('not-supported', 'this model has no last layer of weights', {
    where,
    expected: 'logits that come from a dense layer or a convolution',
    received: `"${value.name}" of ${graph.name}`,
  });
}
