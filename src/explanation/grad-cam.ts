import { differentiate } from '../autodiff/index.ts';
import { HarrierError } from '../errors.ts';
import { formatShape, type Model, type Value } from '../onnx/index.ts';
import { mul, reduceMean, reduceSum } from '../ops/index.ts';
import { type Anatomy, dissect, named } from './anatomy.ts';
import { layerNamed, type PlacedLayer, placedLayers } from './layers.ts';

/** A graph that says where a classifier looks: it takes one image and `TARGET`, and gives `MAP`. */
export interface ExplanationGraph {
  readonly anatomy: Anatomy;
  /** `[1, classes]`: 1 at the class to be explained, 0 elsewhere. */
  readonly target: Value;
  /** float32 `[1, height, width]`, 0 or larger. */
  readonly map: Value;
  /** The layer that was looked at; undefined where it is the pixels themselves. */
  readonly layer?: string;
}

/**
 * Grad-CAM (Selvaraju et al., "Grad-CAM: Visual explanations from deep networks via gradient-based localization",
 * 2017): the feature maps A of a layer, each weighted by the mean of the gradient that a class's logit y has for it,
 * summed, and rectified, for what speaks against the class is of no interest:
 *
 *   α_k = 1/Z Σ_ij ∂y/∂A^k_ij,   map = max(0, Σ_k α_k A^k)
 *
 * @param name of the layer; by default the last whose maps are larger than one cell
 * @throws HarrierError `bad-option` for a layer that there is not, or whose output is no image; `not-supported` when
 *   an op between it and the logits has no gradient
 */
export function gradCam(model: Model, name?: string, where?: string): ExplanationGraph {
  const anatomy = dissect(model, 1, where);
  const { graph, logits } = anatomy;
  const layer = layerFor(anatomy, name, where ?? graph.name);
  const features = layer.output;
  const target = graph.input('target', 'float32', logits.shape);
  const map = graph.in('grad-cam', () => {
    const logit = reduceSum(graph, mul(graph, logits, target), [0, 1], false);
    const [gradient] = named(where ?? graph.name, () => differentiate(graph, logit, [features]));
    const weights = reduceMean(graph, gradient, [2, 3]);
    return graph.op('Relu', [reduceSum(graph, mul(graph, features, weights), [1], false)]);
  });
  return { anatomy, target, map, layer: layer.name };
}

function layerFor(anatomy: Anatomy, name: string | undefined, where: string): PlacedLayer {
  const layers = placedLayers(anatomy);
  const images = layers.filter(({ isImage, output }) => isImage && spatialCells(output) > 1);
  if (name === undefined) {
    const last = images.at(-1);
    if (last && anatomy.isAverage && /^model\d+\//.test(last.name)) {
      throw new HarrierError('not-supported', 'an average of models looks in as many ways as it has models', {
        where,
        next: 'Explain one of them, such as FOLDER/seed-1, or use saliency, which goes through all.',
        options: ['method'],
      });
    }
    if (last) return last;
    throw new HarrierError('not-supported', 'no layer of this model has an image as output', {
      where,
      expected: 'convolutions',
      next: 'Use saliency instead, which needs no convolution.',
      options: ['method'],
    });
  }
  const layer = layerNamed(layers, name);
  if (layer.output.shape.length === 4 && images.includes(layer)) return layer;
  throw new HarrierError('bad-option', `layer "${name}" does not have an image as output`, {
    where,
    expected: '(channels, height, width) with more than one position',
    received: formatShape(layer.output.shape.slice(1)),
    next: `There are: ${images.map((each) => each.name).join(', ') || 'none'}.`,
  });
}

function spatialCells({ shape: [, , height, width] }: Value): number {
  return Number(height) * Number(width);
}
