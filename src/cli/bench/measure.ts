import {
  convolutionRates,
  type Measured,
  matrixRate,
  memoryBandwidth,
  seedInference,
  seedStep,
  seedStepFloor,
} from '../../benchmark/index.ts';
import type { Runtime } from '../../runtime/index.ts';
import { type Peers, runPeers } from './peers.ts';

/** What `harrier bench --json` prints. Milliseconds and rates are medians. */
export interface BenchResult {
  readonly runtime: string;
  readonly threads: number;
  /** Float32 matrix product, GFLOP/s. */
  readonly matrixGflops: number;
  readonly memoryGBs: number;
  /** Training step of keras-cnn, batch 32, SGD; and the least it could take at the two rates above. */
  readonly seedStepMs: number;
  readonly seedStepFloorMs: number;
  readonly seedStepAdamMs: number;
  readonly seedStepAdamFloorMs: number;
  readonly seedStepAll: { readonly sgd: Measured; readonly adam: Measured };
  /** Convolution forward and backward by shape, GFLOP/s. */
  readonly convGflops: Readonly<Record<string, number>>;
  /** Inference of keras-cnn. */
  readonly imagesPerSecond: { readonly batch1: number; readonly batch64: number };
  readonly peers: Peers['figures'];
  readonly peersMissing: Peers['missing'];
}

/** Measures this machine, Harrier on it, and the peers that are installed. */
export async function runBench(
  runtime: Runtime,
  { peers, onStart }: { peers: boolean; onStart: (what: string) => void },
): Promise<BenchResult> {
  const clock = () => performance.now();
  onStart('matrix product');
  const matrixGflops = await matrixRate(runtime, clock);
  onStart('memory bandwidth');
  const memoryGBs = await memoryBandwidth(runtime, clock);
  onStart('training step of keras-cnn, SGD');
  const sgd = await seedStep(runtime, 'SGD', clock);
  onStart('training step of keras-cnn, Adam');
  const adam = await seedStep(runtime, 'Adam', clock);
  onStart('convolutions, forward and backward');
  const convGflops = await convolutionRates(runtime, clock);
  onStart('inference of keras-cnn');
  const imagesPerSecond = await seedInference(runtime, clock);
  const others = peers ? await runPeers(runtime.threads, onStart) : { figures: {}, missing: {} };
  return {
    runtime: runtime.name,
    threads: runtime.threads,
    matrixGflops,
    memoryGBs,
    seedStepMs: sgd.median,
    seedStepFloorMs: seedStepFloor('SGD', matrixGflops, memoryGBs),
    seedStepAdamMs: adam.median,
    seedStepAdamFloorMs: seedStepFloor('Adam', matrixGflops, memoryGBs),
    seedStepAll: { sgd, adam },
    convGflops,
    imagesPerSecond,
    peers: others.figures,
    peersMissing: others.missing,
  };
}
