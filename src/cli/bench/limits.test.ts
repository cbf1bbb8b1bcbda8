import { expect, it } from 'vitest';
import { benchNote, recipeBenchNote } from './limits.ts';

const quiet = {
  matrixGflops: 115,
  seedStepMs: 28,
  seedStepFloorMs: 15,
  seedStepAdamMs: 33,
  seedStepAdamFloorMs: 20,
  convGflops: { '32x32x64': 100, '8x8x256': 95 },
};

it('is silent where every figure is below the limit of the machine', () => {
  expect(benchNote(quiet)).toBeUndefined();
  // Seen on a quiet machine with AVX-512.
  expect(benchNote({ ...quiet, convGflops: { '8x8x256': 1.27 * quiet.matrixGflops } })).toBeUndefined();
  expect(recipeBenchNote({ recipe: 'record', fractionOfMatrixRate: 0.8 })).toBeUndefined();
});

it('says that the machine was busy where a figure is beyond the limit', () => {
  // Something else had the processor while the matrix product was measured.
  const busy = 'The machine was busy: ';
  expect(benchNote({ ...quiet, matrixGflops: 44.4 })).toContain(`${busy}convolution 32x32x64 came to 225%`);
  expect(benchNote({ ...quiet, seedStepFloorMs: 42 })).toContain(
    `${busy}the training step with SGD came to 150%`,
  );
  expect(benchNote({ ...quiet, seedStepAdamFloorMs: 40 })).toContain(`${busy}the training step with Adam`);
  expect(recipeBenchNote({ recipe: 'record', fractionOfMatrixRate: 1.3 })).toContain(
    `${busy}the training step of record came to 130%`,
  );
});
