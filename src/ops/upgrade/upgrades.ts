import {
  type Attributes,
  elementTypeCode,
  float32,
  floatAttribute,
  type GraphBuilder,
  int64,
  intAttribute,
  intsAttribute,
  numbersOf,
  stringAttribute,
  type Value,
} from '../../onnx/index.ts';
import { axes, reshape } from '../functional.ts';
import type { ImportedNode, Upgrade, UpgradeContext } from './upgrade.ts';

/**
 * How the ops of ONNX changed from operator set 7 to the present one, for every op that Harrier knows: one entry an op.
 * An op without an entry means today what it meant then, but for element types and for attributes that it gained.
 */
export const UPGRADES: Readonly<Record<string, readonly Upgrade[]>> = {
  BatchNormalization: [
    { since: 9, write: notSpatial },
    { since: 14, write: inferenceOnly },
  ],
  Clip: [{ since: 11, write: limitsAsInputs }],
  Dropout: [{ since: 12, write: ratioAsInput }],
  GridSample: [{ since: 20, write: modesRenamed }],
  GroupNormalization: [{ since: 21, write: scaleOfChannels }],
  Hardmax: [{ since: 13, write: overAllAxesFrom }],
  LogSoftmax: [{ since: 13, write: overAllAxesFrom }],
  Pad: [{ since: 11, write: padsAsInputs }],
  ...Object.fromEntries(
    ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'].map((name) => [
      `Reduce${name}`,
      [{ since: 18, write: axesAsInput }],
    ]),
  ),
  ReduceSum: [{ since: 13, write: axesAsInput }],
  Resize: [
    { since: 11, write: resizeOfTen },
    { since: 13, write: resizeOfEleven },
  ],
  Scatter: [{ since: 11, write: (node) => ({ ...node, opType: 'ScatterElements' }) }],
  Slice: [{ since: 10, write: rangesAsInputs }],
  Softmax: [{ since: 13, write: overAllAxesFrom }],
  Split: [
    { since: 13, write: sizesAsInput },
    { since: 18, write: numberOfOutputs },
  ],
  Squeeze: [{ since: 13, write: axesAsInput }],
  TopK: [{ since: 10, write: countAsInput }],
  Unsqueeze: [{ since: 13, write: axesAsInput }],
  Upsample: [
    { since: 9, write: scalesAsInput },
    { since: 10, write: (node) => ({ ...node, opType: 'Resize' }) },
  ],
};

/** All attributes but these. */
function without(attributes: Attributes, ...names: string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

/** A number of the type of the node's first input. */
function number(graph: GraphBuilder, { inputs: [x] }: ImportedNode, value: number): Value {
  const constant = graph.constant(float32([], [value]));
  if (!x || x.type === 'float32') return constant;
  return graph.op('Cast', [constant], { to: elementTypeCode(x.type) });
}

/** Reduce*, Squeeze, Unsqueeze: `axes` was an attribute. */
function axesAsInput(node: ImportedNode, { graph }: UpgradeContext): ImportedNode {
  const over = intsAttribute(node.attributes, 'axes');
  return {
    ...node,
    inputs: over ? [node.inputs[0], axes(graph, over)] : node.inputs.slice(0, 1),
    attributes: without(node.attributes, 'axes'),
  };
}

/**
 * Softmax, LogSoftmax, Hardmax: they went over all axes from `axis` (1 by default) to the last as over one, where they
 * now go over `axis` alone (the last by default).
 */
function overAllAxesFrom(node: ImportedNode, { graph, refuse }: UpgradeContext): ImportedNode | Value[] {
  const [x] = node.inputs;
  if (!x) return refuse('its input is missing');
  const rank = x.shape.length;
  const given = intAttribute(node.attributes, 'axis', 1);
  const axis = given < 0 ? given + rank : given;
  if (axis < 0 || axis >= rank) return refuse(`axis ${given} of a value of rank ${rank}`);
  const joined = x.shape.slice(axis);
  const wide = joined.flatMap((size, i) => (size === 1 ? [] : [axis + i]));
  if (wide.length < 2) return { ...node, attributes: { axis: wide[0] ?? -1 } };
  // Zeros copy the sizes before `axis`; of those behind it one may be open.
  const open = joined.filter((size) => typeof size === 'string').length;
  if (open > 1)
    return refuse('it joins axes of unknown size', 'Export the model again with opset 13 or newer.');
  const before = x.shape.slice(0, axis).map(() => 0);
  const back = joined.map((size) => (typeof size === 'string' ? -1 : size));
  return graph.in(node.name, () => {
    const flat = graph.op('Reshape', [x, graph.constant(int64([...before, -1]))]);
    const y = graph.op(node.opType, [flat], { axis: -1 });
    return [graph.op('Reshape', [y, graph.constant(int64([...before, ...back]))])];
  });
}

function limitsAsInputs(node: ImportedNode, { graph }: UpgradeContext): ImportedNode {
  const limit = (name: string) =>
    name in node.attributes ? number(graph, node, floatAttribute(node.attributes, name, 0)) : undefined;
  return {
    ...node,
    inputs: [node.inputs[0], limit('min'), limit('max')],
    attributes: without(node.attributes, 'min', 'max'),
  };
}

/** Until it had a `training_mode`, Dropout of a model changed nothing, and what its mask held was not said. */
function ratioAsInput(node: ImportedNode, { graph }: UpgradeContext): ImportedNode {
  const ratio = graph.constant(float32([], [floatAttribute(node.attributes, 'ratio', 0.5)]));
  return {
    ...node,
    inputs: [node.inputs[0], ratio],
    attributes: without(node.attributes, 'ratio'),
    outputs: 1,
  };
}

function notSpatial(node: ImportedNode, { refuse }: UpgradeContext): ImportedNode {
  if (intAttribute(node.attributes, 'spatial', 1) !== 1) refuse('spatial = 0 exists no longer');
  return { ...node, attributes: without(node.attributes, 'spatial') };
}

/** More outputs than one said that it was training. */
function inferenceOnly(node: ImportedNode, { refuse }: UpgradeContext): ImportedNode {
  if (node.outputs > 1) refuse('it is in training mode', 'Export the model for inference (eval mode).');
  return node;
}

function padsAsInputs(node: ImportedNode, { graph, refuse }: UpgradeContext): ImportedNode {
  const pads = intsAttribute(node.attributes, 'pads') ?? refuse('its pads are missing');
  const value = number(graph, node, floatAttribute(node.attributes, 'value', 0));
  return {
    ...node,
    inputs: [node.inputs[0], graph.constant(int64(pads)), value],
    attributes: without(node.attributes, 'pads', 'value'),
  };
}

function rangesAsInputs(node: ImportedNode, { graph, refuse }: UpgradeContext): ImportedNode {
  const list = (name: string) => {
    const values = intsAttribute(node.attributes, name);
    return values && graph.constant(int64(values));
  };
  const [starts, ends] = [list('starts'), list('ends')];
  if (!starts || !ends) return refuse('its starts or ends are missing');
  return {
    ...node,
    inputs: [node.inputs[0], starts, ends, list('axes')],
    attributes: without(node.attributes, 'starts', 'ends', 'axes'),
  };
}

function sizesAsInput(node: ImportedNode, { graph }: UpgradeContext): ImportedNode {
  const sizes = intsAttribute(node.attributes, 'split');
  return {
    ...node,
    inputs: [node.inputs[0], sizes && graph.constant(int64(sizes))],
    attributes: without(node.attributes, 'split'),
  };
}

/** Without sizes, a Split divided evenly by the number of its outputs. */
function numberOfOutputs(node: ImportedNode): ImportedNode {
  if (node.inputs[1]) return node;
  return { ...node, attributes: { ...node.attributes, num_outputs: node.outputs } };
}

function countAsInput(node: ImportedNode, { graph }: UpgradeContext): ImportedNode {
  const count = graph.constant(int64([intAttribute(node.attributes, 'k', 0)]));
  return { ...node, inputs: [node.inputs[0], count], attributes: without(node.attributes, 'k') };
}

function scalesAsInput(node: ImportedNode, { graph, refuse }: UpgradeContext): ImportedNode {
  const { scales, ...others } = node.attributes;
  if (typeof scales !== 'object' || !('floats' in scales)) return refuse('its scales are missing');
  return {
    ...node,
    inputs: [node.inputs[0], graph.constant(float32([scales.floats.length], scales.floats))],
    attributes: others,
  };
}

/** Positions were asymmetric; the nearest was the one before when enlarging, and the one after when shrinking. */
function resizeOfTen(node: ImportedNode, { refuse }: UpgradeContext): ImportedNode {
  const scales = node.inputs[1]?.constant;
  if (!scales) return refuse('its scales are not constant');
  const factors = numbersOf(scales);
  const shrinks = factors.some((factor) => factor < 1);
  const isNearest = stringAttribute(node.attributes, 'mode', 'nearest') === 'nearest';
  if (isNearest && shrinks && factors.some((factor) => factor > 1)) {
    refuse('it takes the nearest position, and enlarges along one axis while it shrinks along another');
  }
  return {
    ...node,
    inputs: [node.inputs[0], undefined, node.inputs[1]],
    attributes: {
      ...node.attributes,
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: shrinks ? 'ceil' : 'floor',
    },
  };
}

function resizeOfEleven(node: ImportedNode, { refuse }: UpgradeContext): ImportedNode {
  const mode = stringAttribute(node.attributes, 'coordinate_transformation_mode', 'half_pixel');
  if (mode === 'tf_half_pixel_for_nn') refuse(`coordinate_transformation_mode "${mode}" exists no longer`);
  return node;
}

function modesRenamed(node: ImportedNode): ImportedNode {
  const mode = stringAttribute(node.attributes, 'mode', 'bilinear');
  const today: Record<string, string> = { bilinear: 'linear', bicubic: 'cubic' };
  return { ...node, attributes: { ...node.attributes, mode: today[mode] ?? mode } };
}

/** Scale and bias were one number a group, and are now one a channel. */
function scaleOfChannels(node: ImportedNode, { graph, refuse }: UpgradeContext): ImportedNode {
  const groups = intAttribute(node.attributes, 'num_groups', 0);
  const channels = node.inputs[0]?.shape[1];
  if (typeof channels !== 'number' || groups < 1 || channels % groups !== 0)
    return refuse(`${channels} channels do not divide into ${groups} groups`);
  const repeated = (value: Value | undefined): Value | undefined =>
    value &&
    graph.in(node.name, () =>
      reshape(
        graph,
        graph.op('Expand', [
          reshape(graph, value, [groups, 1]),
          graph.constant(int64([groups, channels / groups])),
        ]),
        [channels],
      ),
    );
  return { ...node, inputs: [node.inputs[0], repeated(node.inputs[1]), repeated(node.inputs[2])] };
}
