import { HarrierError } from '../errors.ts';
import { float32, type Graph, type Model, modelOf, type Node, type Tensor } from '../onnx/index.ts';
import { VIEWS_KEY } from './export.ts';
import { STORAGE_KEY } from './stored-weights.ts';

/** Of a model that averages others: how many. */
export const ENSEMBLE_KEY = 'harrier.ensemble';

/** The output of a model by Harrier's contract. */
const OUTPUT = 'probabilities';

/**
 * One model that averages the probabilities of several of one architecture, such as those of a cross-validation. Layers
 * that they share, such as a frozen network before different heads, are in it once.
 *
 * @param models by Harrier's contract: the same input and classes, and the same views
 * @param metadata of the new model
 * @throws HarrierError `not-supported` for graphs within graphs, `bad-shape` for models of different inputs or classes
 */
export function averageModels(models: readonly Model[], metadata: Readonly<Record<string, string>>): Model {
  const [first] = models;
  if (!first) throw new HarrierError('bad-option', 'there are no models to average');
  const { inputs, outputs } = first.graph;
  const initializers = new Map<string, Tensor>();
  const nodes: Node[] = [];
  const averaged: string[] = [];
  for (const [i, { graph }] of models.entries()) {
    checkAlike(first.graph, graph);
    averaged.push(addGraph(first.graph, graph, i, initializers, nodes));
  }
  initializers.set('ensemble/count', float32([], [models.length]));
  const node = (opType: string, from: readonly string[], output: string): Node => ({
    name: `ensemble/${opType}`,
    opType,
    domain: '',
    inputs: from,
    outputs: [output],
    attributes: {},
  });
  nodes.push(node('Sum', averaged, 'ensemble/sum'), node('Div', ['ensemble/sum', 'ensemble/count'], OUTPUT));
  const graph: Graph = { name: `${first.graph.name}-ensemble`, inputs, outputs, initializers, nodes };
  const { [STORAGE_KEY]: _, ...others } = metadata;
  const views = first.metadata[VIEWS_KEY];
  const own = { [ENSEMBLE_KEY]: `${models.length}`, ...(views !== undefined && { [VIEWS_KEY]: views }) };
  return { ...modelOf(graph, { ...others, ...own }), opsets: first.opsets };
}

/** Adds the values of a graph that the first has not. @returns the name of its probabilities */
function addGraph(
  first: Graph,
  graph: Graph,
  place: number,
  initializers: Map<string, Tensor>,
  nodes: Node[],
): string {
  const own = `model${place + 1}/`;
  const names = new Map<string, string>(graph.inputs.map(({ name }) => [name, name]));
  for (const [name, tensor] of graph.initializers) {
    const other = place > 0 ? first.initializers.get(name) : undefined;
    const isShared = place === 0 || (other !== undefined && isSameTensor(other, tensor));
    // The first model's names stay, but for its output, which is no longer the output.
    names.set(name, isShared ? name : own + name);
    initializers.set(names.get(name)!, tensor);
  }
  const known = new Map(place > 0 ? first.nodes.map((node) => [node.outputs[0], node]) : []);
  for (const node of graph.nodes) {
    if (Object.values(node.attributes).some((value) => typeof value === 'object' && 'graph' in value)) {
      throw new HarrierError('not-supported', 'models with graphs inside their graphs cannot be averaged', {
        where: graph.name,
        received: node.opType,
        next: 'Leave --ensemble out.',
      });
    }
    const inputs = node.inputs.map((name) => (name === '' ? '' : (names.get(name) ?? own + name)));
    const other = known.get(node.outputs[0]);
    const isShared =
      other !== undefined && !node.outputs.includes(OUTPUT) && isSameNode(other, { ...node, inputs });
    const renamed = (name: string) =>
      name === '' || isShared || (place === 0 && name !== OUTPUT) ? name : own + name;
    for (const name of node.outputs) names.set(name, renamed(name));
    if (isShared) continue;
    nodes.push({ ...node, name: renamed(node.name), inputs, outputs: node.outputs.map(renamed) });
  }
  return names.get(OUTPUT)!;
}

function isSameNode(a: Node, b: Node): boolean {
  return (
    a.opType === b.opType &&
    a.domain === b.domain &&
    isSame(a.inputs, b.inputs) &&
    isSame(a.outputs, b.outputs) &&
    isSame(a.attributes, b.attributes)
  );
}

function isSameTensor(a: Tensor, b: Tensor): boolean {
  if (a.type !== b.type || !isSame(a.dims, b.dims) || a.data.length !== b.data.length) return false;
  for (let i = 0; i < a.data.length; i++) if (a.data[i] !== b.data[i]) return false;
  return true;
}

function checkAlike(first: Graph, other: Graph): void {
  const shapes = ({ inputs, outputs }: Graph) =>
    [...inputs, ...outputs].map(({ name, type, shape }) => ({ name, type, shape }));
  if (isSame(shapes(first), shapes(other))) return;
  throw new HarrierError('bad-shape', 'models of different images or classes cannot be averaged', {
    expected: JSON.stringify(shapes(first)),
    received: JSON.stringify(shapes(other)),
  });
}

function isSame(a: unknown, b: unknown): boolean {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part));
  return text(a) === text(b);
}
