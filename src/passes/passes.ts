import type { Graph, Shape } from '../onnx/index.ts';
import { decomposeComposites } from './decompose-composites.ts';
import { foldFixedNormalization } from './fold-fixed-normalization.ts';
import { legalize } from './legalize.ts';
import { orderThinProducts } from './order-thin-products.ts';
import type { LoweringOptions, Pass, Target, TargetPass } from './pass.ts';
import { placeBlockedLayout } from './place-blocked-layout.ts';
import { poolPhases } from './pool-phases.ts';
import { dropIdentities } from './simplify/drop-identities.ts';
import { foldBatchNormalization } from './simplify/fold-batch-normalization.ts';
import { foldConstants } from './simplify/fold-constants.ts';
import { withInputShapes } from './simplify/input-shapes.ts';
import { mergePadding } from './simplify/merge-padding.ts';
import { reshapeGathers } from './simplify/reshape-gathers.ts';
import { trimUnreadEdges } from './trim-unread-edges.ts';
import { trimUnreadOutputs } from './trim-unread-outputs.ts';

/** From a graph that another program exported to one of few nodes whose shapes are all known. */
const SIMPLIFICATION: readonly Pass[] = [
  foldConstants,
  trimUnreadOutputs,
  reshapeGathers,
  dropIdentities,
  foldBatchNormalization,
  mergePadding,
];

/** From a forward pass to the graph that is differentiated: each op that goes saves those of its gradient too. */
const PREPARATION: readonly Pass[] = [foldFixedNormalization, trimUnreadEdges, poolPhases];

/**
 * From a graph with gradients to one that the target's ONNX Runtime runs. A layout is placed while gradients are still
 * composites: one node says what its decomposition spreads over many.
 */
const LOWERING: readonly TargetPass[] = [
  trimUnreadOutputs,
  placeBlockedLayout,
  decomposeComposites,
  orderThinProducts,
  legalize,
];

/**
 * The same function in fewer nodes: computes everything that is known before the graph runs, shapes above all, drops
 * nodes that do nothing, and folds batch normalization and padding into convolutions. Numbers stay as they are, but for
 * the rounding of folded weights.
 *
 * @param shapes of inputs, by name, where they are to be more exact than the graph states them: a size for a symbolic
 *   dimension
 * @throws HarrierError `bad-shape` when a shape contradicts the graph; as `importGraph` for what Harrier cannot read
 */
export function simplify(graph: Graph, shapes: Readonly<Record<string, Shape>> = {}): Graph {
  return SIMPLIFICATION.reduce((simpler, pass) => pass(simpler), withInputShapes(graph, shapes));
}

/** Makes the forward pass of a training step smaller, before it is differentiated. It knows no target. */
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
