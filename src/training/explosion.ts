import { HarrierError } from '../errors.ts';

/**
 * How many times the loss of guessing a loss is that no healthy training stays at: once it has been near guessing, and
 * where it began far from it, as with pixels that are not scaled.
 */
const TIMES_GUESSING = { returned: 100, begun: 1000 };
/** A loss of at most so many times that of guessing is near it. */
const NEAR = 10;
/** Steps that it must stay there: an epoch, but within these limits. */
const [FEWEST, MOST] = [10, 100];

/**
 * Notices a training that has exploded: for a whole span of steps the loss is finite, but a hundred times that of
 * guessing or more (a thousand times, where it never was near it), and not coming down. A healthy run may begin high and
 * fall, or leap up for a few steps. It does not stay up there.
 */
export class ExplosionWatch {
  readonly #guessing: number;
  readonly #span: number;
  #losses: number[] = [];
  #wasNear = false;

  /**
   * @param classes how many the network tells apart
   * @param weight the largest weight of a class in the loss
   * @param stepsPerEpoch of the run
   */
  constructor({
    classes,
    weight,
    stepsPerEpoch,
  }: {
    readonly classes: number;
    readonly weight: number;
    readonly stepsPerEpoch: number;
  }) {
    this.#guessing = Math.log(Math.max(2, classes)) * Math.max(1, weight);
    this.#span = Math.min(MOST, Math.max(FEWEST, stepsPerEpoch));
  }

  /**
   * Takes the loss of a step.
   * @throws HarrierError `diverged` when the training has exploded
   */
  add(loss: number): void {
    if (loss <= NEAR * this.#guessing) this.#wasNear = true;
    const limit = TIMES_GUESSING[this.#wasNear ? 'returned' : 'begun'] * this.#guessing;
    if (loss < limit) {
      this.#losses = [];
      return;
    }
    this.#losses.push(loss);
    if (this.#losses.length < this.#span) return;
    const half = Math.floor(this.#span / 2);
    const [before, after] = [this.#losses.slice(0, half), this.#losses.slice(-half)].map(
      (losses) => losses.reduce((sum, each) => sum + each, 0) / half,
    );
    if (after < before / 2) {
      // It comes down: watch on from here.
      this.#losses = this.#losses.slice(-half);
      return;
    }
    throw new HarrierError('diverged', `training has exploded: the loss is ${short(loss)}`, {
      expected: `less than the loss of guessing, ${this.#guessing.toFixed(1)}, soon after the start`,
      received: `more than ${short(limit)} for ${this.#span} steps`,
      next: 'Lower the learning rate or clip gradients.',
      options: ['learningRate'],
    });
  }
}

function short(value: number): string {
  return value < 1e6 ? value.toFixed(0) : value.toExponential(1).replace('e+', 'e');
}
