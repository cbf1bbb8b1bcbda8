import { HarrierError } from '../errors.ts';
import { printable } from '../format/format.ts';
import { elementCount, formatShape, type Model, type Shape } from '../onnx/index.ts';
import { createGraph, importGraph } from '../ops/index.ts';
import { bytes, grouped, table } from './summary.ts';

/** One operation of a finished model. */
export interface GraphRow {
  readonly name: string;
  /** ONNX's name. */
  readonly type: string;
  /** In the graph's own order of axes: the batch, channels, height, width. */
  readonly outputShape: Shape;
  /** Numbers of the weights that it is the first to use. */
  readonly parameters: number;
  /** Bytes that those weights take in the file. */
  readonly bytes: number;
}

const WEIGHT_TYPES = ['float32', 'float16', 'int8'];

/**
 * The operations of a model with their output shapes and parameters. Constants of less than two axes that are no
 * weights of a layer (shapes, scales) count as well: a file does not tell them apart.
 *
 * @throws HarrierError `bad-graph` or `not-supported` when it holds an op whose shapes Harrier does not know
 */
export function graphRows({ graph }: Model, where: string): GraphRow[] {
  const known = (() => {
    try {
      return importGraph(createGraph(graph.name), graph);
    } catch (cause) {
      if (!(cause instanceof HarrierError)) throw cause;
      throw new HarrierError(cause.code, cause.message.replace(/\.$/, ''), { where, cause });
    }
  })();
  const counted = new Set<string>();
  return graph.nodes.map(({ name, opType, inputs, outputs }) => {
    const own = inputs.flatMap((input) => {
      const tensor = graph.initializers.get(input);
      if (!tensor || counted.has(input) || !WEIGHT_TYPES.includes(tensor.type)) return [];
      counted.add(input);
      return isScale(graph, input) ? [] : tensor;
    });
    return {
      name: name || outputs[0],
      type: opType,
      outputShape: known.get(outputs[0])?.shape ?? [],
      parameters: own.reduce((total, { dims }) => total + elementCount(dims), 0),
      bytes: own.reduce((total, { data }) => total + data.byteLength, 0),
    };
  });
}

/** Whether it only brings back weights that are stored in 8 bits. */
function isScale({ initializers }: Model['graph'], name: string): boolean {
  return name.endsWith('/scale') && initializers.has(name.replace(/scale$/, 'int8'));
}

/** A finished model as a table: what goes in, every operation, what comes out. */
export function summarizeGraph(model: Model, where: string): string {
  const rows = graphRows(model, where);
  const { inputs, outputs, name } = model.graph;
  const sum = (of: 'parameters' | 'bytes') => rows.reduce((total, row) => total + row[of], 0);
  const ends = (values: typeof inputs) =>
    values
      .map(({ name, type, shape, unranked }) =>
        printable(`${name}: ${type}${unranked ? ' of unknown rank' : formatShape(shape)}`),
      )
      .join(', ');
  return [
    `Model: "${printable(name)}"`,
    ` Input:  ${ends(inputs)}`,
    ` Output: ${ends(outputs)}`,
    ...table(
      [{ title: 'Node (op)' }, { title: 'Output Shape' }, { title: 'Param #', right: true }],
      rows.map((row) => [
        printable(`${row.name} (${row.type})`),
        printable(formatShape(row.outputShape)),
        grouped(row.parameters),
      ]),
    ),
    ` Total params: ${grouped(sum('parameters'))} (${bytes(sum('bytes'))})`,
  ].join('\n');
}
