import { HarrierError } from '../../errors.ts';
import { formatQuantity } from '../../format/format.ts';
import { checkLabel, LabelList } from '../../platform/node/datasets/label-list.ts';
import { notFound } from '../respond.ts';

/** An act that can be taken back. */
type Done = { readonly by: string } & Deed;
type Deed =
  | {
      readonly kind: 'confirm';
      readonly label: string;
      readonly before: readonly { readonly image: number; readonly label: string | undefined }[];
    }
  | { readonly kind: 'skip'; readonly image: number };

function imagesOf(done: Done): readonly number[] {
  return done.kind === 'skip' ? [done.image] : done.before.map(({ image }) => image);
}

/** Acts that are remembered. */
const MOST_ACTS = 1_000;

/** The images of a folder with the labels that they have so far. All changes are in the list on disk before they count. */
export class LabelledImages {
  readonly #folder: string;
  #files: readonly string[];
  readonly #classes: string[];
  #labels: (string | undefined)[] = [];
  readonly #skipped = new Set<number>();
  readonly #done: Done[] = [];
  #list = '';
  /** Changes of the list go one after another. */
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, files: readonly string[], classes: readonly string[]) {
    this.#folder = folder;
    this.#files = files;
    this.#classes = [...classes];
  }

  /**
   * @param files paths below the folder
   * @param classes that are known before any label; the list's own come after them
   * @throws HarrierError as `LabelList.read` does
   */
  static async open(
    folder: string,
    files: readonly string[],
    classes: readonly string[],
  ): Promise<LabelledImages> {
    const images = new LabelledImages(folder, files, classes);
    images.#take(await LabelList.read(folder));
    return images;
  }

  get files(): readonly string[] {
    return this.#files;
  }

  get classes(): readonly string[] {
    return this.#classes;
  }

  /** The file that holds the labels, or will. */
  get list(): string {
    return this.#list;
  }

  /** Of every image its label, or undefined. */
  get labels(): readonly (string | undefined)[] {
    return this.#labels;
  }

  get skipped(): ReadonlySet<number> {
    return this.#skipped;
  }

  /** The act of somebody that `undo` takes back, in words. */
  undoable(by = ''): string | undefined {
    const last = this.#lastOf(by);
    if (!last) return undefined;
    if (last.kind === 'skip') return 'skipped';
    const { before, label } = last;
    return before.length === 1 ? label : `${label} for ${formatQuantity(before.length, 'image')}`;
  }

  /** Images that are to be labelled: without a label, and not skipped. */
  unlabelled(): number[] {
    return [...this.#files.keys()].filter(
      (image) => this.#labels[image] === undefined && !this.#skipped.has(image),
    );
  }

  /** Gives images a label, which may be new. @throws HarrierError `bad-option`, `not-found`, `storage`, `bad-data` */
  async confirm(images: readonly number[], given: string, by = ''): Promise<void> {
    const label = checkLabel(given);
    for (const image of images) this.check(image);
    if (images.length === 0) throw new HarrierError('bad-option', 'no image is named', { where: 'images' });
    let before: { image: number; label: string | undefined }[] = [];
    await this.#change((list) => {
      before = images.map((image) => ({ image, label: this.#labels[image] }));
      for (const image of images) list.set(this.#files[image], label);
    });
    for (const image of images) this.#skipped.delete(image);
    this.#remember({ by, kind: 'confirm', label, before });
  }

  /** Puts an image aside. */
  skip(image: number, by = ''): void {
    this.check(image);
    this.#skipped.add(image);
    this.#remember({ by, kind: 'skip', image });
  }

  /** Takes all skipped images up again. */
  revisit(): void {
    this.#skipped.clear();
  }

  /**
   * Takes somebody's last act back, as far as nobody else has done anything to its images since: the rest of it can be
   * taken back once that was.
   * @returns the images that were taken back; undefined where there is no act
   */
  async undo(by = ''): Promise<readonly number[] | undefined> {
    const last = this.#lastOf(by);
    if (!last) return undefined;
    const own = imagesOf(last).filter((image) => this.#isNewest(last, image));
    // At once: another undo, which may come before this one is written, is about another act.
    const place = this.#done.indexOf(last);
    this.#done.splice(place, 1);
    if (last.kind === 'skip') {
      this.#skipped.delete(last.image);
      return own;
    }
    const [back, left] = [true, false].map((isOwn) =>
      last.before.filter(({ image }) => own.includes(image) === isOwn),
    );
    const putBack = (before: typeof last.before) => {
      if (before.length > 0) this.#done.splice(place, 0, { ...last, before });
    };
    putBack(left);
    try {
      await this.#change((list) => {
        for (const { image, label } of back) {
          // Another program may have changed the list.
          if (this.#labels[image] === last.label) list.set(this.#files[image], label);
        }
      });
    } catch (error) {
      putBack(back);
      throw error;
    }
    return own;
  }

  /** @throws HarrierError `bad-option` for a name that cannot be used, or is there already */
  addClass(given: string): void {
    const name = checkLabel(given);
    if (this.#classes.includes(name)) {
      throw new HarrierError('bad-option', 'there is a class of this name already', { received: name });
    }
    this.#classes.push(name);
  }

  /** The paths of images have changed: the list follows. @param moved new paths below the folder, by old ones in NFC */
  async rename(moved: ReadonlyMap<string, string>): Promise<void> {
    await this.#change((list) => list.rename(moved), moved);
  }

  /**
   * @param file what it is called where it is shown
   * @throws HarrierError `not-found`; `in-use` where it is another file by now
   */
  check(image: number, file?: string): number {
    if (!Number.isInteger(image) || image < 0 || image >= this.#files.length) notFound('image', `${image}`);
    // A server that was started anew may count others.
    if (file !== undefined && file !== this.#files[image]) {
      throw new HarrierError(
        'in-use',
        'the images have changed since this page showed them: nothing is labelled',
        {
          received: file,
          next: 'Look at them again.',
        },
      );
    }
    return image;
  }

  /** Reads the list, which others may have changed, changes it, writes it. */
  #change(change: (list: LabelList) => void, moved?: ReadonlyMap<string, string>): Promise<void> {
    const write = async () => {
      const list = await LabelList.change(this.#folder, (read) => {
        this.#take(read);
        change(read);
      });
      if (moved) this.#files = this.#files.map((file) => moved.get(file.normalize('NFC')) ?? file);
      this.#take(list);
    };
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => {});
    return written;
  }

  #take(list: LabelList): void {
    this.#list = list.path;
    this.#labels = list.labelsOf(this.#files);
    const named = new Set(this.#classes);
    const own = [...new Set(this.#labels)].filter((label) => label !== undefined);
    this.#classes.push(...own.filter((label) => !named.has(label)));
  }

  #lastOf(by: string): Done | undefined {
    return this.#done.findLast(
      (done) => done.by === by && imagesOf(done).some((image) => this.#isNewest(done, image)),
    );
  }

  /** Whether nothing was done to an image after an act. */
  #isNewest(act: Done, image: number): boolean {
    return this.#done.findLast((done) => imagesOf(done).includes(image)) === act;
  }

  #remember(done: Done): void {
    this.#done.push(done);
    if (this.#done.length > MOST_ACTS) this.#done.shift();
  }
}
