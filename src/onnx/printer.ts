import { type AttributeValue, formatShape, type Graph, type NamedType, qualifiedName } from './types.ts';

/** A graph as text, a line a node: `y = Conv(x, weight) {strides: [1, 1]}`. For people and for tests. */
export function printGraph(graph: Graph): string {
  const named = ({ name, type, shape }: NamedType): string => `${name}: ${type}${formatShape(shape)}`;
  const lines = [`graph ${graph.name}(${graph.inputs.map(named).join(', ')})`];
  for (const [name, { type, dims }] of graph.initializers)
    lines.push(`  ${named({ name, type, shape: dims })}`);
  for (const node of graph.nodes) {
    const attributes = Object.entries(node.attributes).map(
      ([name, value]) => `${name}: ${printAttribute(value)}`,
    );
    lines.push(
      `  ${node.outputs.join(', ')} = ${qualifiedName(node.opType, node.domain)}(${node.inputs.join(', ')})${
        attributes.length ? ` {${attributes.join(', ')}}` : ''
      }`,
    );
  }
  lines.push(`  return ${graph.outputs.map(named).join(', ')}`);
  return lines.join('\n');
}

function printAttribute(value: AttributeValue): string {
  if (typeof value === 'number') return `${value}`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  if ('float' in value) return Number.isInteger(value.float) ? value.float.toFixed(1) : `${value.float}`;
  if ('floats' in value) return `[${value.floats.join(', ')}]`;
  if ('tensor' in value) return `tensor${formatShape(value.tensor.dims)}`;
  if ('graph' in value) return `graph ${value.graph.name}`;
  return '?';
}
