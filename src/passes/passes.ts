import type { Graph } from '../onnx/index.ts';
import { decomposeComposites } from './decompose-composites.ts';
import { legalize } from './legalize.ts';
import type { LoweringOptions, Pass, Target, TargetPass } from './pass.ts';
import { placeBlockedLayout } from './place-blocked-layout.ts';
import { trimUnreadEdges } from './trim-unread-edges.ts';
import { trimUnreadOutputs } from './trim-unread-outputs.ts';

/** From a forward pass to the graph that is differentiated: each op that goes saves those of its gradient too. */
const PREPARATION: readonly Pass[] = [trimUnreadEdges];

/**
 * From a graph with gradients to one that the target's ONNX Runtime runs. A layout is placed while gradients are still
 * composites: one node says what its decomposition spreads over many.
 */
const LOWERING: readonly TargetPass[] = [
  trimUnreadOutputs,
  placeBlockedLayout,
  decomposeComposites,
  legalize,
];

/** Trims the forward pass of a training step, before it is differentiated. It knows no target. */
export function prepare(graph: Graph): Graph {
  return PREPARATION.reduce((prepared, pass) => pass(prepared), graph);
}

/**
 * Replaces every composite op (domain `harrier`) by the stock ONNX ops that are fastest on the target, and stock ops
 * that it has no kernel for by others. The result holds only ops that the target's ONNX Runtime runs.
 */
export function lower(graph: Graph, target: Target, options: LoweringOptions = {}): Graph {
  return LOWERING.reduce((lowered, pass) => pass(lowered, { target, ...options }), graph);
}
