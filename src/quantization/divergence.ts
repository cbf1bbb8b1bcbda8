import type { Model, Tensor } from '../onnx/index.ts';
import type { Runtime } from '../runtime/index.ts';

/** What the models are compared by. */
const OUTPUT = 'probabilities';
/** Probabilities below it count as it. */
const LEAST = 1e-9;

/** How far the answers of a model are from another's. @param most compares on this many batches only */
export type DivergenceOf = (model: Model, most?: number) => Promise<number>;

/**
 * Measures models by how little their answers differ from those of a first one: the mean Kullback–Leibler divergence of the
 * probabilities, in nats. Labels are not needed, and images that the model learned from will do. Where images have any
 * number of labels, each probability is a distribution of its own, over yes and no.
 */
export async function compareWith(
  first: Model,
  batches: readonly Tensor[],
  runtime: Runtime,
): Promise<DivergenceOf> {
  const wanted = await answersOf(first, batches, runtime);
  const isMultiLabel = !wanted.every(addsUpToOne);
  return async (model, most = batches.length) => {
    const given = await answersOf(model, batches.slice(0, most), runtime);
    let sum = 0;
    let images = 0;
    for (const [i, answers] of given.entries()) {
      const p = wanted[i].data as Float32Array;
      const q = answers.data as Float32Array;
      images += answers.dims[0];
      for (let j = 0; j < q.length; j++) {
        sum += part(p[j], q[j]);
        if (isMultiLabel) sum += part(1 - p[j], 1 - q[j]);
      }
    }
    return sum / images;
  };
}

/** Whether each row is one distribution. */
function addsUpToOne({ dims: [rows], data }: Tensor): boolean {
  const values = data as Float32Array;
  const classes = values.length / rows;
  for (let row = 0; row < rows; row++) {
    const sum = values.subarray(row * classes, (row + 1) * classes).reduce((total, each) => total + each, 0);
    if (Math.abs(sum - 1) > 1e-3) return false;
  }
  return true;
}

function part(p: number, q: number): number {
  return p > LEAST ? p * Math.log(p / Math.max(q, LEAST)) : 0;
}

async function answersOf(model: Model, batches: readonly Tensor[], runtime: Runtime): Promise<Tensor[]> {
  const executable = await runtime.compile(model);
  const [input] = model.graph.inputs;
  try {
    const answers: Tensor[] = [];
    for (const batch of batches) {
      const outputs = await executable.step({ [input.name]: batch });
      answers.push({ ...outputs[OUTPUT], data: Float32Array.from(outputs[OUTPUT].data as Float32Array) });
    }
    return answers;
  } finally {
    await executable.dispose();
  }
}
