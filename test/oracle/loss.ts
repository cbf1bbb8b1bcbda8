/** Losses over classes: scores [N, C, d1, …], labels [N, d1, …]. */
import { logSoftmax } from './activations.ts';
import {
  type Attributes,
  at,
  filled,
  number,
  type OracleOp,
  type OracleTensor,
  offsetOf,
  only,
  positions,
  required,
  text,
} from './tensor.ts';

/**
 * loss = −weight[label] · logProbability[label] at every label, 0 where the label is ignore_index.
 * `mean` divides by the sum of the weights of the labels that count, which without weights is their number.
 */
function negativeLogLikelihood(
  logProbability: OracleTensor,
  labels: OracleTensor,
  weights: OracleTensor | undefined,
  attributes: Attributes,
): OracleTensor {
  only(attributes, 'reduction', 'mean', 'none', 'sum', 'mean');
  const reduction = text(attributes, 'reduction', 'mean');
  const ignored = attributes.ignore_index === undefined ? undefined : number(attributes, 'ignore_index');
  const losses = filled(labels.dims, 0);
  let loss = 0;
  let weight = 0;
  for (const position of positions(labels.dims)) {
    const label = at(labels, position);
    if (label === ignored) continue;
    const own = weights ? weights.data[label] : 1;
    const value = -own * at(logProbability, position.toSpliced(1, 0, label));
    losses.data[offsetOf(position, labels.dims)] = value;
    loss += value;
    weight += own;
  }
  if (reduction === 'none') return losses;
  return filled([], reduction === 'sum' ? loss : loss / weight);
}

export const losses: Record<string, OracleOp> = {
  NegativeLogLikelihoodLoss: (inputs, attributes) => [
    negativeLogLikelihood(required(inputs, 0), required(inputs, 1), inputs[2], attributes),
  ],
  /** Its second output is the logarithm of the probabilities, [N, C, d1, …]. */
  SoftmaxCrossEntropyLoss: (inputs, attributes) => {
    const logProbability = logSoftmax(required(inputs, 0), 1);
    return [
      negativeLogLikelihood(logProbability, required(inputs, 1), inputs[2], attributes),
      logProbability,
    ];
  },
};
