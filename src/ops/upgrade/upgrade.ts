import { HarrierError } from '../../errors.ts';
import {
  type Attributes,
  type GraphBuilder,
  NEWEST_OPSET,
  OLDEST_OPSET,
  type Value,
} from '../../onnx/index.ts';

/** A node of ONNX's own domain on its way into a builder. */
export interface ImportedNode {
  readonly opType: string;
  /** The node's name in its file, or else its first output: for messages and for the names of what is written. */
  readonly name: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  /** Number of outputs. */
  readonly outputs: number;
}

/** What an upgrade sees besides the node. */
export interface UpgradeContext {
  readonly graph: GraphBuilder;
  /** The operator set that the model states. */
  readonly opset: number;
  /** Refuses a use that the present operator set cannot express. */
  refuse(problem: string, next?: string): never;
}

/** A change of an op's meaning: how to write a node from before it in the operator set from which it holds. */
export interface Upgrade {
  /** The first operator set with the new meaning. */
  readonly since: number;
  /** The same node as the new operator set has it; its outputs where it takes several nodes. */
  readonly write: (node: ImportedNode, context: UpgradeContext) => ImportedNode | readonly Value[];
}

/**
 * Refuses an operator set that Harrier cannot read.
 * @param opset 0 where a model states none
 * @throws HarrierError `not-supported`
 */
export function checkOpset(opset: number, where: string): void {
  if (opset >= OLDEST_OPSET && opset <= NEWEST_OPSET) return;
  throw new HarrierError(
    'not-supported',
    opset === 0 ? "the model states no operator set for ONNX's own ops" : `the model has opset ${opset}`,
    {
      where,
      expected: `opset ${OLDEST_OPSET} to ${NEWEST_OPSET}`,
      received: opset === 0 ? 'none' : `${opset}`,
      next: 'Export it again with a newer exporter (opset_version=17, say).',
    },
  );
}

/**
 * A node of an older operator set as the present one has it: every change of its op since then, oldest first.
 *
 * @param changes by op, each op's in the order of their operator sets
 * @returns the node, or its outputs where several nodes had to be written
 * @throws HarrierError `not-supported` for what the present operator set cannot express
 */
export function upgrade(
  changes: Readonly<Record<string, readonly Upgrade[]>>,
  graph: GraphBuilder,
  node: ImportedNode,
  opset: number,
): ImportedNode | readonly Value[] {
  let current = node;
  for (;;) {
    // An op may have become another: each name's changes are looked up anew.
    const next = Object.hasOwn(changes, current.opType)
      ? changes[current.opType].find(({ since }) => since > opset)
      : undefined;
    if (!next) return current;
    const written = next.write(current, {
      graph,
      opset,
      refuse: (problem, advice = 'Export the model again with opset 17 or newer.') => {
        throw new HarrierError('not-supported', `${problem} (opset ${opset})`, {
          where: `${node.opType} "${node.name}"`,
          next: advice,
        });
      },
    });
    if (!('opType' in written)) return written;
    current = written;
    opset = next.since;
  }
}
