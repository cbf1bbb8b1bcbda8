import { numbersOf, stringAttribute, type Value } from '../../onnx/index.ts';
import { convolutionAttributes, fixedDims, type NodeToWrite, padsOf, writeNode } from '../../ops/index.ts';
import type { Pass } from '../pass.ts';
import { rewrite } from '../rewrite.ts';

/** Zeros around an image, as exporters write TensorFlow's padding. */
interface Padding {
  readonly image: Value;
  /** Spatial axes: all starts, then all ends. */
  readonly pads: readonly number[];
}

/** Merges a `Pad` with zeros into the convolutions that read it. */
export const mergePadding: Pass = (graph) =>
  rewrite(graph, (builder) => {
    const paddings = new Map<Value, Padding>();
    return (node) => {
      if (node.domain !== '') return undefined;
      const padding = node.opType === 'Pad' ? paddingOf(node) : undefined;
      if (padding) {
        const outputs = writeNode(builder, node);
        paddings.set(outputs[0], padding);
        return outputs;
      }
      const [x, weight, bias] = node.inputs;
      const before = x && node.opType === 'Conv' ? paddings.get(x) : undefined;
      if (!before || !weight || weight.shape.some((size) => typeof size === 'string')) return undefined;
      const kernel = fixedDims(weight).slice(2);
      const own = convolutionAttributes(node.attributes, kernel, x!.shape.slice(2).map(Number));
      const pads = own.pads.map((size, i) => size + before.pads[i]);
      const attributes = { ...own, kernel_shape: kernel, pads };
      return writeNode(builder, { ...node, inputs: [before.image, weight, bias], attributes });
    };
  });

/** Undefined where a node pads with something else than zeros, crops, or pads more than spatial axes. */
function paddingOf({ inputs: [image, pads, value, axes], attributes }: NodeToWrite): Padding | undefined {
  if (!image || !pads?.constant || (value && !value.constant) || (axes && !axes.constant)) return undefined;
  if (stringAttribute(attributes, 'mode', 'constant') !== 'constant') return undefined;
  if (value?.constant && Number(value.constant.data[0]) !== 0) return undefined;
  const over = axes?.constant && numbersOf(axes.constant);
  const [before, after] = padsOf(image.shape.length, numbersOf(pads.constant), over);
  const all = [...before, ...after];
  const isOther = all.some((size, i) => size < 0 || (i % image.shape.length < 2 && size !== 0));
  return isOther ? undefined : { image, pads: [...before.slice(2), ...after.slice(2)] };
}
