/** Steps that say what is usual, and how many of them are needed. */
const [RECENT, FEWEST] = [9, 3];
/** A step that takes so long (milliseconds), and so many times the usual, was no step: the machine slept. */
const [LEAST_MS, TIMES] = [10_000, 30];

/** Tells steps in which the machine slept, or the process was stopped: rates, times and estimates go without them. */
export class Pauses {
  readonly #recent: number[] = [];

  /** @param took milliseconds of a step @returns those of them in which nothing was done */
  in(took: number): number {
    const usual = this.#recent.toSorted((a, b) => a - b)[this.#recent.length >> 1] ?? 0;
    if (this.#recent.length >= FEWEST && took > Math.max(LEAST_MS, TIMES * usual)) return took - usual;
    this.#recent.push(took);
    if (this.#recent.length > RECENT) this.#recent.shift();
    return 0;
  }
}
