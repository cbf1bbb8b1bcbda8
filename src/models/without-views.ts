import { HarrierError } from '../errors.ts';
import type { Model, Node } from '../onnx/index.ts';
import { exportOptionsOf, VIEWS_BELOW_KEY, VIEWS_KEY } from './export.ts';

/** What `averageViews` calls the nodes around the network, and `averageModels` those of its later models. */
const SCOPE = /^(?:model\d+\/)?views\//;

/**
 * The same model looking at each image once, as it is: without the test-time augmentation inside its graph, whose
 * views would otherwise each have gradients and features of their own. A model without views comes back as it is.
 *
 * @throws HarrierError `bad-graph` when the model says that it averages views, and its graph does not
 */
export function withoutViews(model: Model): Model {
  const { graph, opsets, metadata } = model;
  const views = exportOptionsOf(model).testTimeAugmentation;
  if (views === 'none') return model;
  // Around the network: from the image to all its views as one batch, and from their logits to the average.
  const around = graph.nodes.filter(({ outputs: [name] }) => SCOPE.test(name));
  const merged = around.find(({ opType }) => opType === 'ScatterND');
  const reshapes = around.filter(({ opType }) => opType === 'Reshape');
  const averages = around.filter(({ opType }) => opType === 'ReduceSum');
  const makers = new Map(around.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  /** What goes into an average, before its weights: the rows of all views, as the network has them. */
  const rowsOf = (node: Node): Node | undefined =>
    node.opType === 'Reshape'
      ? node
      : node.inputs
          .flatMap((name) => makers.get(name) ?? [])
          .map(rowsOf)
          .find((rows) => rows !== undefined);
  const rows = averages.map(rowsOf);
  const images = reshapes.filter((node) => !rows.includes(node));
  if (!merged && (averages.length === 0 || images.length === 0 || rows.includes(undefined))) {
    throw new HarrierError('bad-graph', 'its views are not where Harrier puts them', {
      where: graph.name,
      expected: `a graph that averages the views "${views}", as its metadata says`,
      next: 'Export it again: npx harrier export RUN --tta none',
    });
  }
  const [image] = graph.inputs;
  // Where only some images are looked at again, the first look at all of them stays.
  const instead = merged
    ? new Map([[merged.outputs[0], merged.inputs[0]]])
    : new Map([
        ...images.map(({ outputs }) => [outputs[0], image.name] as const),
        ...averages.map(({ outputs }, i) => [outputs[0], rows[i]!.inputs[0]] as const),
      ]);
  const nodes = graph.nodes
    .filter((node) => !around.includes(node))
    .map((node) => ({ ...node, inputs: node.inputs.map((name) => instead.get(name) ?? name) }));
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  const { [VIEWS_KEY]: _, [VIEWS_BELOW_KEY]: __, ...others } = metadata;
  return {
    graph: {
      ...graph,
      initializers: new Map([...graph.initializers].filter(([name]) => used.has(name))),
      nodes,
    },
    opsets,
    metadata: others,
  };
}
