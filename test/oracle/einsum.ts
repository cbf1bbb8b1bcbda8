/** Einstein's summation: a sum over every letter that the result does not name, of products of the operands. */
import { at, build, type OracleOp, positions, required, text } from './tensor.ts';

const einsum: OracleOp = (inputs, attributes) => {
  const [left, right] = text(attributes, 'equation', '').replaceAll(' ', '').split('->');
  const terms = left.split(',');
  const letters = [...new Set(left.replaceAll(',', ''))];
  const once = (letter: string): boolean => left.split(letter).length === 2;
  const result = right ?? letters.filter(once).sort().join('');
  const sizes = new Map(
    terms.flatMap((term, i) =>
      Array.from(term, (letter, axis) => [letter, required(inputs, i).dims[axis]] as const),
    ),
  );
  const summed = letters.filter((letter) => !result.includes(letter));
  const dimsOf = (names: Iterable<string>): number[] => Array.from(names, (letter) => sizes.get(letter)!);
  return [
    build(dimsOf(result), (position) => {
      let total = 0;
      for (const inner of positions(dimsOf(summed))) {
        const indexOf = (letter: string): number =>
          result.includes(letter) ? position[result.indexOf(letter)] : inner[summed.indexOf(letter)];
        total += terms.reduce(
          (product, term, i) => product * at(required(inputs, i), Array.from(term, indexOf)),
          1,
        );
      }
      return total;
    }),
  ];
};

export const einsums: Record<string, OracleOp> = { Einsum: einsum };
