import type { ImageAnswer, InputImage, ServedModel } from '../service.ts';

/** One image on its way to an answer. */
export interface Job {
  readonly image: InputImage;
  /** When it came, in milliseconds of the pool's clock. */
  readonly since: number;
  /** Nobody waits for it any more. */
  dropped: boolean;
  /** A worker has it. */
  taken: boolean;
  /** Workers that ended while they held it. */
  losses: number;
  done(result: ImageAnswer, model: ServedModel): void;
  failed(error: Error): void;
}

/** Jobs in the order in which they came. */
export class Queue {
  #jobs: Job[] = [];
  #head = 0;
  #length = 0;

  /** Jobs that somebody waits for. */
  get length(): number {
    return this.#length;
  }

  /** When the oldest of them came. */
  get oldest(): number | undefined {
    this.#skip();
    return this.#jobs[this.#head]?.since;
  }

  add(job: Job): void {
    this.#jobs.push(job);
    this.#length++;
  }

  /** Puts jobs back that were taken. */
  putBack(jobs: readonly Job[]): void {
    for (const job of jobs) job.taken = false;
    this.#jobs.splice(0, this.#head, ...jobs);
    this.#head = 0;
    this.#length += jobs.length;
  }

  /** Nobody waits for a job any more, whether it was taken or not. */
  drop(job: Job): void {
    if (job.dropped) return;
    job.dropped = true;
    if (!job.taken) this.#length--;
  }

  /** The oldest, at most so many. */
  take(most: number): Job[] {
    const taken: Job[] = [];
    for (this.#skip(); taken.length < most && this.#head < this.#jobs.length; this.#skip()) {
      const job = this.#jobs[this.#head++];
      job.taken = true;
      taken.push(job);
      this.#length--;
    }
    return taken;
  }

  #skip(): void {
    while (this.#jobs[this.#head]?.dropped) this.#head++;
    // Cheap on the whole: each job is moved at most once for every job that went before it.
    if (this.#head > 1024 && 2 * this.#head > this.#jobs.length) {
      this.#jobs = this.#jobs.slice(this.#head);
      this.#head = 0;
    } else if (this.#head === this.#jobs.length) {
      this.#jobs.length = 0;
      this.#head = 0;
    }
  }
}
