import { intAttribute, type Shape, type ValueType } from '../onnx/index.ts';
import { define, type InferContext, type OpDefinition } from './definition.ts';
import { stockAttributes } from './stock-attributes.ts';

/** Ops that make values of sizes. Exporters compute shapes with them; `simplify` folds them where the sizes are known. */
export const sizes: OpDefinition[] = [
  define('Shape', inferShape, 'zero'),
  define('Size', () => [{ type: 'int64', shape: [] }], 'zero'),
  define('ConstantOfShape', inferConstantOfShape, 'zero'),
  define('Range', inferRange, { none: 'it counts; nothing that learns comes in' }),
];

/** The sizes from axis `start` to before `end`. */
export function shapePart(shape: Shape, attributes: InferContext['attributes']): Shape {
  const at = (axis: number) => Math.min(Math.max(axis < 0 ? axis + shape.length : axis, 0), shape.length);
  return shape.slice(
    at(intAttribute(attributes, 'start', 0)),
    at(intAttribute(attributes, 'end', shape.length)),
  );
}

function inferShape(node: InferContext): ValueType[] {
  return [{ type: 'int64', shape: [shapePart(node.shape(0), node.attributes).length] }];
}

function inferConstantOfShape(node: InferContext): ValueType[] {
  const { value } = stockAttributes('ConstantOfShape', node.attributes);
  if (value && value.data.length !== 1) node.fail('its value must be one number');
  return [{ type: value?.type ?? 'float32', shape: node.dimensions(0) }];
}

function inferRange(node: InferContext): ValueType[] {
  const [start, limit, step] = [0, 1, 2].map((i) => node.constant(i)[0]);
  if (step === 0) node.fail('the step is 0');
  return [{ type: node.input(0).type, shape: [Math.max(0, Math.ceil((limit - start) / step))] }];
}
