import type { ImageShape } from '../../data/dataset.ts';
import type { Progress } from '../../data/progress.ts';
import type { Inspection } from '../../inspection/index.ts';
import type { StudioError } from './errors.ts';

export type Split = 'train' | 'test' | 'validation';

/**
 * GET api/datasets/:id. Asking for a data set opens it, and fetches CIFAR-10 where it is not in the cache: until that
 * is done the answer has status 202, and `dataset` events tell how far it is.
 */
export type DatasetAnswer = DatasetInfo | DatasetOpening;

export interface DatasetInfo {
  readonly id: string;
  readonly state: 'ready';
  /** For people: `cifar10`, or the folder's path. */
  readonly name: string;
  readonly classNames: readonly string[];
  readonly imageShape: ImageShape;
  /** `validation` only where a folder brings such a part. */
  readonly splits: Readonly<Partial<Record<Split, SplitInfo>>> & {
    readonly train: SplitInfo;
    readonly test: SplitInfo;
  };
  readonly sheet: SheetLayout;
  /** Whether images are files of their own, which `photo` gives as they are. */
  readonly hasPhotos: boolean;
  /** Images have any number of labels, which a list names; each is shown under its rarest one. */
  readonly multiLabel?: true;
  /** Sentences about the data that its owner should read. */
  readonly notes: readonly string[];
  /** Files that are no usable image and were left out. */
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

export interface SplitInfo {
  readonly size: number;
  /** Images of each class, as the data has them: without label corrections. Of several labels each counts. */
  readonly counts: readonly number[];
  /** SHA-256 (hex) of the data without label corrections. */
  readonly hash: string;
  readonly marks: CorrectionCounts;
}

export interface CorrectionCounts {
  readonly relabelled: number;
  readonly excluded: number;
}

export interface DatasetOpening {
  readonly id: string;
  readonly state: 'opening';
  readonly name: string;
  readonly progress?: Progress;
}

/** How the images of a sheet stand: rows of `columns` squares of `cell` pixels, `perPage` in all. */
export interface SheetLayout {
  readonly cell: number;
  readonly columns: number;
  readonly perPage: number;
}

/** Which images `mark=` asks for. `none`: those without a label correction. */
export type CorrectionFilter = 'any' | 'none' | 'relabelled' | 'excluded';

/**
 * GET api/datasets/:id/:split/images?class=&mark=&q=&offset=&limit=
 *
 * `class` is an index, of the label that counts (the correction's, where there is one), or of any of several; each word of `q` is looked for
 * in class names and sources; at most 1,000 images are given at a time. In order of index.
 *
 * GET api/datasets/:id/:split/indices?class=&mark=&q= is an array of the indices of all images of the same list.
 *
 * GET api/datasets/:id/:split/sheet?class=&mark=&q=&page= is a WebP with images `page * perPage` to
 * `(page + 1) * perPage - 1` of the same list; `sheet?indices=3,1,2` one of at most `perPage` images in that order.
 * In an exported site: `api/datasets/:id/:split/sheet/:page.webp`, of the whole list.
 *
 * GET api/datasets/:id/:split/image/:index?size= is a PNG; `size` enlarges it pixel by pixel, or shrinks it.
 *
 * GET api/datasets/:id/:split/photo/:index?size= is the file of an image in its own size, where there is one
 * (`hasPhotos`); with `size` a WebP in its shape, its longer side at most that.
 *
 * GET api/datasets/:id/:split/seen/:index?run= is a PNG of an image as the model of a run takes it.
 *
 * GET api/datasets/:id/:split/pixels?indices=1,2,3 is uint8 `[images, height, width, 3]`, at most 256 images;
 * with `shape=` (an `ImageInput` as JSON), as a model of that shape takes them.
 */
export interface ImageList {
  readonly total: number;
  readonly images: readonly ImageEntry[];
}

export interface ImageEntry {
  readonly index: number;
  /** As the data has it; of several labels the rarest one. */
  readonly label: number;
  /** Where images have any number of labels (`multiLabel`): all of them, in the order of the class names. */
  readonly labels?: readonly number[];
  /** A path below the data's folder, or `test #17`. */
  readonly source: string;
  /** Images with the same number are copies of one another or of one group; absent where nobody has looked. */
  readonly copies?: number;
  readonly mark?: Correction;
}

/** What its owner says of an image, without changing it. */
export interface Correction {
  /** The class that it is of. */
  readonly label?: number;
  /** Left out of training and of evaluation. */
  readonly excluded?: boolean;
}

/** PUT api/datasets/:id/:split/marks/:index, answered with the ImageEntry. Null takes a label back. */
export interface CorrectionChange {
  readonly label?: number | null;
  readonly excluded?: boolean;
}

/** PUT api/datasets/:id/:split/marks, answered with CorrectedImages: many images at once, at most 5,000 of them. */
export interface CorrectionChanges {
  /** `SplitInfo.hash` of the images that are meant; with it, those of another server or folder are refused (409). */
  readonly hash?: string;
  readonly changes: readonly (CorrectionChange & { readonly indices: readonly number[] })[];
}

export interface CorrectedImages {
  /** As they were, in the order asked for. */
  readonly before: readonly ImageEntry[];
  /** As they are now. */
  readonly after: readonly ImageEntry[];
}

/**
 * GET api/datasets/:id/duplicates. Asking starts the search; until it is done the answer has status 202, and
 * `duplicates` events tell how far it is.
 */
export type DuplicatesAnswer =
  | { readonly state: 'searching'; readonly progress?: Progress }
  | { readonly state: 'done'; readonly groups: readonly DuplicateGroup[] };

export interface DuplicateGroup {
  /** `exact`: the same pixels; `near`: images that hardly differ. */
  readonly kind: 'exact' | 'near';
  /** Two or more, all splits together. */
  readonly images: readonly { readonly split: Split; readonly index: number; readonly label: number }[];
}

/** What `harrier inspect` says; the `index` of each image is its place in its part, `file` its source here. */
export type StudioInspection = Omit<Inspection, 'map'>;

/** GET api/datasets/:id/inspection/map: all images as points, by what the inspection's network makes of them. */
export interface ImageMap {
  readonly split: readonly Split[];
  readonly index: readonly number[];
  /** From −1 to 1. */
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** The class that counted when it was inspected. */
  readonly label: readonly number[];
  /** The class that a head said that had not seen the image; null where there was none. */
  readonly predicted: readonly (number | null)[];
}

/**
 * GET api/datasets/:id/inspection. POST there begins one, a process of its own; POST api/datasets/:id/inspection/stop
 * ends it. `inspection` events tell how far it is, and when to ask again. api/datasets/:id/inspection/page is the page
 * that the command writes.
 */
export type InspectionAnswer =
  | { readonly state: 'none' }
  | { readonly state: 'inspecting'; readonly progress?: Progress }
  | { readonly state: 'failed'; readonly error: StudioError }
  | {
      readonly state: 'done';
      readonly inspection: StudioInspection;
      /** Labels were corrected since. */
      readonly isOld: boolean;
    };
