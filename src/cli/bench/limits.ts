import { type AgainstLimit, busyNote } from '../../benchmark/index.ts';
import type { BenchResult } from './measure.ts';
import type { RecipeBenchResult } from './recipe.ts';

type OwnFigures = Pick<
  BenchResult,
  'matrixGflops' | 'seedStepMs' | 'seedStepFloorMs' | 'seedStepAdamMs' | 'seedStepAdamFloorMs' | 'convGflops'
>;

/**
 * Convolutions pack less than a product of matrices, and pass its rate: with AVX-512 they came to 1.27 times as much on
 * a quiet machine. Beyond this something else had the processor.
 */
const MOST_OF_CONVOLUTIONS = 1.5;

/** A note where a figure of `bench` passes a limit of the machine that was measured with it. */
export function benchNote(result: OwnFigures): string | undefined {
  const { matrixGflops, seedStepMs, seedStepFloorMs, seedStepAdamMs, seedStepAdamFloorMs } = result;
  const figures: AgainstLimit[] = [
    { figure: 'the training step with SGD', fraction: seedStepFloorMs / seedStepMs },
    { figure: 'the training step with Adam', fraction: seedStepAdamFloorMs / seedStepAdamMs },
    ...Object.entries(result.convGflops)
      .map(([shape, rate]) => ({ figure: `convolution ${shape}`, fraction: rate / matrixGflops }))
      .filter(({ fraction }) => fraction > MOST_OF_CONVOLUTIONS),
  ];
  return busyNote(figures);
}

/** The same of `bench --recipe`. */
export function recipeBenchNote({
  recipe,
  fractionOfMatrixRate,
}: Pick<RecipeBenchResult, 'recipe' | 'fractionOfMatrixRate'>): string | undefined {
  return busyNote([{ figure: `the training step of ${recipe}`, fraction: fractionOfMatrixRate }]);
}
