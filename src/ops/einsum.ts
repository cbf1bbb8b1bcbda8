import type { Dimension, Shape, Value } from '../onnx/index.ts';
import {
  define,
  fixedDims,
  type GradientContext,
  type InferContext,
  type OpDefinition,
} from './definition.ts';
import { expand, reshape } from './functional.ts';
import { stockAttributes } from './stock-attributes.ts';

/** An equation in letters: one term for each operand, and the result. */
interface Equation {
  readonly terms: readonly string[];
  readonly result: string;
}

/** Undefined where it has what is not followed: ellipses, or a letter twice in one term. */
function equationOf(text: string): Equation | undefined {
  const [left, right] = text.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  const letters = [...new Set(left.replaceAll(',', ''))];
  const result =
    right ??
    letters
      .filter((letter) => left.split(letter).length === 2)
      .sort()
      .join('');
  const plain = [...terms, result].every(
    (term) => /^[A-Za-z]*$/.test(term) && new Set(term).size === term.length,
  );
  return plain && [...result].every((letter) => letters.includes(letter)) ? { terms, result } : undefined;
}

export const einsum: OpDefinition[] = [
  // y = Σ over the letters that the result lacks, of the product of all operands. Linear in each operand: its gradient is
  // the same sum with dy in its place; along a letter that is only its own, dx is the same everywhere.
  define('Einsum', inferEinsum, (node) => {
    const { terms, result } =
      equationOf(stockAttributes('Einsum', node.attributes).equation) ??
      node.unsupported('an equation with ellipses or diagonals has no gradient rule');
    return terms.map((term, i) =>
      node.needs(i) ? operandGradient(node, { terms, result }, term, i) : undefined,
    );
  }),
];

function operandGradient(node: GradientContext, { terms, result }: Equation, term: string, i: number): Value {
  const { graph } = node;
  const others = terms.flatMap((_, j) => (j === i ? [] : [j]));
  const reached = [result, ...others.map((j) => terms[j])].join('');
  const kept = [...term].filter((letter) => reached.includes(letter)).join('');
  const equation = `${[result, ...others.map((j) => terms[j])].join(',')}->${kept}`;
  const sum = graph.op('Einsum', [node.dy(), ...others.map((j) => node.x(j))], { equation });
  const dims = fixedDims(node.x(i));
  const rows = dims.map((size, axis) => (kept.includes(term[axis]) ? size : 1));
  return expand(graph, reshape(graph, sum, rows), dims);
}

function inferEinsum(node: InferContext) {
  const { equation: text } = stockAttributes('Einsum', node.attributes);
  const equation = equationOf(text) ?? node.fail(`the equation ${JSON.stringify(text)} is not supported`);
  if (equation.terms.length !== node.inputCount)
    node.fail(`${equation.terms.length} terms for ${node.inputCount} inputs`);
  const sizes = new Map<string, Dimension>();
  equation.terms.forEach((term, i) => {
    const shape: Shape = node.shape(i);
    if (shape.length !== term.length) node.fail(`the term "${term}" does not fit input ${i}`);
    [...term].forEach((letter, axis) => {
      const before = sizes.get(letter);
      if (typeof before === 'number' && typeof shape[axis] === 'number' && before !== shape[axis])
        node.fail(`"${letter}" is ${before} and ${shape[axis]}`);
      if (typeof before !== 'number') sizes.set(letter, shape[axis]);
    });
  });
  return [{ type: node.input(0).type, shape: [...equation.result].map((letter) => sizes.get(letter)!) }];
}
