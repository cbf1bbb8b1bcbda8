import { differentiate } from '../autodiff/index.ts';
import type { Model } from '../onnx/index.ts';
import { axes, mul, reduceSum } from '../ops/index.ts';
import { colourAxis, dissect, named } from './anatomy.ts';
import type { ExplanationGraph } from './grad-cam.ts';

/**
 * The saliency of every pixel (Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", 2013, section 3):
 * how fast a class's logit y changes with it, for the colour with which it changes fastest:
 *
 *   map_ij = max_c |∂y/∂x_ijc|
 *
 * @throws HarrierError `not-supported` when an op between the pixels and the logits has no gradient
 */
export function saliency(model: Model, where?: string): ExplanationGraph {
  const anatomy = dissect(model, 1, where);
  const { graph, logits, pixels } = anatomy;
  const target = graph.input('target', 'float32', logits.shape);
  const map = graph.in('saliency', () => {
    const logit = reduceSum(graph, mul(graph, logits, target), [0, 1], false);
    const [gradient] = named(where ?? graph.name, () => differentiate(graph, logit, [pixels]));
    return graph.op('ReduceMax', [graph.op('Abs', [gradient]), axes(graph, [colourAxis(pixels)])], {
      keepdims: 0,
    });
  });
  return { anatomy, target, map };
}
