import {
  type AttributeValue,
  elementTypeCode,
  float32,
  fromFloat16,
  type Graph,
  type NamedType,
  type Node,
  type Tensor,
} from '../../onnx/index.ts';

const FLOAT16 = elementTypeCode('float16');
const FLOAT32 = elementTypeCode('float32');

/** The same graph with float32 in the place of float16 everywhere: in inputs, weights, constants and casts. */
export function inFloat32(graph: Graph): Graph {
  const wide = <T extends NamedType>(value: T): T =>
    value.type === 'float16' ? { ...value, type: 'float32' } : value;
  return {
    ...graph,
    inputs: graph.inputs.map(wide),
    outputs: graph.outputs.map(wide),
    initializers: new Map(Array.from(graph.initializers, ([name, tensor]) => [name, wideTensor(tensor)])),
    nodes: graph.nodes.map(wideNode),
  };
}

function wideTensor(tensor: Tensor): Tensor {
  return tensor.type === 'float16' ? float32(tensor.dims, fromFloat16(tensor.data as Uint16Array)) : tensor;
}

function wideNode(node: Node): Node {
  const attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([name, value]) => [name, wideAttribute(name, value)]),
  );
  return { ...node, attributes };
}

function wideAttribute(name: string, value: AttributeValue): AttributeValue {
  if (typeof value === 'object' && 'tensor' in value) return { tensor: wideTensor(value.tensor) };
  return (name === 'to' || name === 'dtype') && value === FLOAT16 ? FLOAT32 : value;
}
