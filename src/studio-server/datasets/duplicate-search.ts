import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DuplicateImages, findDuplicates } from '../../data/duplicates.ts';
import type { DuplicateGroup, DuplicatesAnswer } from '../api.ts';
import type { SplitView } from './split-view.ts';

/** How long it works before others have their turn: a request must not feel it. */
const TURN_MS = 8;
const TELL_MS = 250;
/** Of more images, only those that are more alike are found: each has too many others that are somewhat alike. */
const [MOST_IMAGES, FEW_BITS] = [100_000, 4];

/** Searches a data set for images that are there more than once, when it is first asked, and keeps what it finds. */
export class DuplicateSearch {
  readonly #views: readonly SplitView[];
  readonly #tell: (answer: DuplicatesAnswer) => void;
  #answer: DuplicatesAnswer | undefined;

  constructor(views: readonly SplitView[], tell: (answer: DuplicatesAnswer) => void) {
    this.#views = views;
    this.#tell = tell;
  }

  /** What is known now; asking begins the search. */
  answer(): DuplicatesAnswer {
    if (!this.#answer) {
      this.#answer = { state: 'searching' };
      void this.#search();
    }
    return this.#answer;
  }

  async #search(): Promise<void> {
    try {
      const datasets = this.#views.map(({ dataset }) => dataset);
      const images = datasets.reduce((sum, { size }) => sum + size, 0);
      const search = findDuplicates(datasets, images > MOST_IMAGES ? { mostBits: FEW_BITS } : {});
      let turn = performance.now();
      let told = 0;
      for (;;) {
        const { done, value } = search.next();
        if (done) {
          this.#answer = { state: 'done', groups: value.map((group) => this.#group(group)) };
          break;
        }
        const now = performance.now();
        if (now - turn < TURN_MS) continue;
        this.#answer = { state: 'searching', progress: value };
        if (now - told > TELL_MS) {
          told = now;
          this.#tell(this.#answer);
        }
        await nextTurn();
        turn = performance.now();
      }
      this.#tell(this.#answer);
    } catch {
      // The pixels can no longer be read. The next request for images reports why.
      this.#answer = undefined;
    }
  }

  #group({ kind, images }: DuplicateImages): DuplicateGroup {
    return {
      kind,
      images: images.map(({ dataset, index }) => {
        const { split, dataset: data } = this.#views[dataset];
        return { split, index, label: data.labels[index] };
      }),
    };
  }
}
