import type { Model } from '../onnx/index.ts';
import { UNKNOWN } from './contract.ts';
import { REJECTION_KEY } from './rejection.ts';

/**
 * The same model with probabilities alone: without what tells images that show none of its classes. A model that does
 * not tell comes back as it is.
 */
export function withoutRejection(model: Model): Model {
  const { graph, opsets, metadata } = model;
  const outputs = graph.outputs.filter(({ name }) => name !== UNKNOWN);
  if (outputs.length === graph.outputs.length) return model;
  const needed = new Set(outputs.map(({ name }) => name));
  const nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((name) => needed.has(name))) return false;
      for (const name of node.inputs) needed.add(name);
      return true;
    })
    .toReversed();
  const initializers = new Map([...graph.initializers].filter(([name]) => needed.has(name)));
  const { [REJECTION_KEY]: _, ...others } = metadata;
  return { graph: { ...graph, outputs, nodes, initializers }, opsets, metadata: others };
}
