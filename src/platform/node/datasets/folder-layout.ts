import { HarrierError } from '../../../errors.ts';
import { formatQuantity, printable } from '../../../format/format.ts';
import { checkLinks, type FolderView, lookInto } from './folder-tree.ts';
import { type Part, partNamed } from './part-names.ts';

/** What a folder is read for: an evaluation needs neither training images nor several classes. */
export type FolderPurpose = 'training' | 'evaluation';

/** Where the class folders lie. */
export interface FolderLayout {
  /** The folder that holds the class folders of each part, training first; one without a part where there are none. */
  readonly parts: readonly { readonly part: Part | undefined; readonly view: FolderView }[];
  /** Sentences about images that are there and not used, and about how the folder was understood. */
  readonly notes: readonly string[];
}

const ORDER: readonly Part[] = ['train', 'test', 'validation'];
/** Folders within folders that are looked through for the classes. */
const DEEPEST = 4;
/** Names of folders that hold a data set rather than images of one class, in lower case. */
const WRAPPERS =
  /^(data|data[ _-]?sets?|images?|photos?|pictures?|classes|labell?ed|sorted|all)([ _-]?\d+)?$/;
/** Names of folders beside a data set that are no class of it, in lower case. */
const BESIDE =
  /^(examples?|samples?|demos?|previews?|docs?|assets|figures?|screenshots?|annotations?|labels?|masks?|metadata|misc|raw)$/;

/**
 * Finds the class folders: sub-folders of the folder itself, or of its parts (`train`, `test`, `val`, and their usual
 * synonyms, in any letter case), or of a single folder below it.
 *
 * @throws HarrierError `bad-data`, with the folders that were seen, where they can be understood in two ways or the
 * images lie in no class folder; what `lookInto` throws
 */
export async function folderLayout(root: string, purpose: FolderPurpose): Promise<FolderLayout> {
  return layoutBelow(root, await lookInto(root), purpose, []);
}

async function layoutBelow(
  root: string,
  top: FolderView,
  purpose: FolderPurpose,
  notes: readonly string[],
): Promise<FolderLayout> {
  await checkLinks(root, top);
  const below = await Promise.all(top.folders.map((name) => lookInto(root, inside(top, name))));
  const seen = new Seen(root, top, below);
  const parts = seen.parts(purpose);
  if (parts) return partsLayout(root, top, below, parts, notes);
  const wrapped = below.length === 1 ? await wrappedFolder(root, below[0]) : undefined;
  if (wrapped) {
    const note = `${root}: the data set is taken to be the folder ${printable(wrapped.path)}.`;
    return layoutBelow(root, wrapped, purpose, [...besideNotes(root, [top]), note]);
  }
  seen.checkDepth();
  return {
    parts: [{ part: undefined, view: { ...top, folders: seen.classes() } }],
    notes: [...notes, ...besideNotes(root, [top]), ...seen.depthNotes(), ...seen.nameNotes()],
  };
}

/** The first folder along a chain of single folders that holds several; undefined where a single class is at its end. */
async function wrappedFolder(root: string, first: FolderView): Promise<FolderView | undefined> {
  let view = first;
  for (let depth = 1; depth < DEEPEST && view.images === 0 && view.folders.length === 1; depth++) {
    view = await lookInto(root, inside(view, view.folders[0]));
  }
  return view.images === 0 && view.folders.length > 1 ? view : undefined;
}

function inside({ path }: FolderView, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

/** The last part of a path below the root. */
function ownName({ path }: FolderView): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A folder and the folders in it, with what their names and contents tell. */
class Seen {
  readonly #root: string;
  readonly #top: FolderView;
  readonly #below: readonly FolderView[];
  readonly #named: readonly { readonly part: Part | 'unused'; readonly view: FolderView }[];
  readonly #others: readonly FolderView[];

  constructor(root: string, top: FolderView, below: readonly FolderView[]) {
    this.#root = root;
    this.#top = top;
    this.#below = below;
    this.#named = below.flatMap((view) => {
      const part = partNamed(ownName(view));
      return part ? [{ part, view }] : [];
    });
    this.#others = below.filter((view) => partNamed(ownName(view)) === undefined);
  }

  /** The folder of each part that has class folders; undefined where the folders are no parts. */
  parts(purpose: FolderPurpose): Map<Part, FolderView> | undefined {
    const named = this.#named.filter(({ part }) => part !== 'unused');
    if (named.length === 0) return undefined;
    const found = new Map<Part, FolderView>();
    for (const part of ORDER) {
      const sorted = named.filter((each) => each.part === part && each.view.folders.length > 0);
      if (sorted.length > 1)
        throw this.#twice(
          part,
          sorted.map(({ view }) => view),
        );
      if (sorted.length === 1) found.set(part, sorted[0].view);
    }
    if (
      this.#areClasses(
        named.map(({ view }) => view),
        found,
      )
    )
      return undefined;
    if (found.size === 0) throw this.#unsorted(named.map(({ view }) => view));
    const hasTrain = found.has('train');
    const others = this.#others.filter(({ folders, images }) => folders.length > 0 || images > 0);
    // Of a lone "train" beside other folders nobody can tell whether it is a part or a class.
    if (others.length > 0 && (!hasTrain || named.length === 1))
      throw this.#partOrClass(named.map(({ view }) => view));
    if (!hasTrain && purpose === 'training') throw this.#noTraining([...found.values()]);
    return found;
  }

  /** Data of vehicles may well have trains, and parts of a machine may be "valid" and "invalid". */
  #areClasses(named: readonly FolderView[], sorted: ReadonlyMap<Part, FolderView>): boolean {
    if (named.length !== 1 || sorted.size > 0 || this.#others.length === 0) return false;
    const name = ownName(named[0]).toLowerCase();
    return (
      /^train(ing)?$/.test(name) || this.#others.some((view) => ownName(view).toLowerCase() === `in${name}`)
    );
  }

  /** Refuses folders whose sub-folders may be the classes. @throws HarrierError `bad-data` */
  checkDepth(): void {
    const containers = this.#below.filter(({ images, folders }) => images === 0 && folders.length > 1);
    const withParts = this.#below.filter(
      ({ folders }) => folders.filter((name) => partNamed(name)).length > 1,
    );
    if (withParts.length > 0) {
      throw this.#refusal('the parts of a data set lie inside the folders of this one', {
        expected: 'train and test folders with one sub-folder of images per class (train/cat, test/cat)',
        next:
          withParts.length === 1
            ? `Name the folder of the data set: ${this.#root}/${withParts[0].path}.`
            : 'Sort the images that way.',
      });
    }
    const others = this.#below.filter((view) => !containers.includes(view));
    if (containers.length === 1 && others.length > 0) {
      const isWrapper = WRAPPERS.test(ownName(containers[0]).toLowerCase());
      if (isWrapper || others.every((view) => BESIDE.test(ownName(view).toLowerCase()))) {
        throw this.#refusal('the classes may be these folders, or those of one of them', {
          next: `Name the folder whose sub-folders are the classes: ${this.#root}/${containers[0].path}?`,
        });
      }
    }
    const shared = containers.length > 1 ? sharedNames(containers) : [];
    if (shared.length > 1 && containers.length === this.#below.length) {
      throw this.#refusal(
        `these folders hold the same folders (${shortList(shared)}): either may be the classes`,
        {
          next: 'Name one of them, or put all that are classes into a folder "train".',
        },
      );
    }
  }

  /** Names of the folders that are classes, where there are no parts. */
  classes(): string[] {
    return this.#below.map(ownName).filter((name) => partNamed(name) !== 'unused');
  }

  /** What `checkDepth` lets pass, but is worth a look. */
  depthNotes(): string[] {
    const containers = this.#below.filter(({ images, folders }) => images === 0 && folders.length > 1);
    if (containers.length === 0) return [];
    const [first] = containers;
    const more =
      containers.length > 1
        ? ` (and in ${formatQuantity(containers.length - 1, 'more folder')} likewise)`
        : '';
    return [
      `${this.#root}: all images below ${printable(first.path)} (${shortList(first.folders)}) are taken for the class "${printable(ownName(first))}"${more}.`,
    ];
  }

  /** A class that is called like a part. */
  nameNotes(): string[] {
    return this.#named.map(({ part, view }) => {
      const name = `"${printable(ownName(view))}"`;
      return part === 'unused'
        ? `${this.#root}: ${name} is no class: its ${formatQuantity(view.images, 'image')} are not used.`
        : `${this.#root}: ${name} is taken for a class, like ${shortList(this.#others.map((each) => `"${ownName(each)}"`))}.`;
    });
  }

  #unsorted(named: readonly FolderView[]): HarrierError {
    const names = named.map((view) => ownName(view));
    return this.#refusal(
      `${shortList(names.map((name) => `"${name}"`))} ${names.length === 1 ? 'is a part of a data set, and no class, and its images lie' : 'are parts of a data set, and no classes, and their images lie'} in no class folder`,
      {
        expected: 'one sub-folder of images per class in each part (train/cat, train/dog)',
        next: 'Sort the images into one sub-folder per class, named after it.',
      },
    );
  }

  #partOrClass(named: readonly FolderView[]): HarrierError {
    const names = shortList(named.map((view) => `"${ownName(view)}"`));
    return this.#refusal(`${names} may be a part of a data set, or one of its classes`, {
      next: 'Move the other folders away where it is a part; where all of them are classes, put them into a folder "train".',
    });
  }

  #noTraining(parts: readonly FolderView[]): HarrierError {
    return this.#refusal(
      `there is no part to train with beside ${shortList(parts.map((view) => `"${ownName(view)}"`))}`,
      {
        expected: 'a folder "train" with one sub-folder of images per class',
        next: 'Add it, or evaluate a model on these images: npx harrier evaluate MODEL --data FOLDER.',
      },
    );
  }

  #twice(part: Part, [first, second]: readonly FolderView[]): HarrierError {
    return new HarrierError(
      'bad-data',
      `"${ownName(first)}" and "${ownName(second)}" are both folders for the ${part} images`,
      {
        where: this.#where(),
        next: 'Keep one of them.',
      },
    );
  }

  #refusal(summary: string, { expected, next }: { expected?: string; next: string }): HarrierError {
    return new HarrierError('bad-data', summary, {
      where: this.#where(),
      ...(expected && { expected }),
      received: describeViews(this.#below),
      next,
    });
  }

  #where(): string {
    return this.#top.path === '' ? this.#root : `${this.#root}/${this.#top.path}`;
  }
}

async function partsLayout(
  root: string,
  top: FolderView,
  below: readonly FolderView[],
  found: ReadonlyMap<Part, FolderView>,
  before: readonly string[],
): Promise<FolderLayout> {
  const parts: { part: Part; view: FolderView }[] = [];
  let classes: readonly string[] = [];
  for (const part of ORDER) {
    const folder = found.get(part);
    if (!folder) continue;
    await checkLinks(root, folder);
    const view = await unwrapped(root, folder, classes);
    if (classes.length === 0) classes = view.folders;
    parts.push({ part, view });
  }
  const used = new Set([...found.values()].map(({ path }) => path));
  const unused = below.filter(
    ({ path, folders, images }) => !used.has(path) && (folders.length > 0 || images > 0),
  );
  const notes = unused.map((view) => {
    const name = `${root}/${view.path}`;
    const what = describeContent(view);
    return partNamed(ownName(view)) && view.folders.length === 0
      ? `${name} holds ${what} in no class folder: ${view.images === 1 ? 'it is' : 'they are'} not used.`
      : `${name} (${what}) is no part of the data (train, test, validation): it is not used.`;
  });
  return {
    parts,
    notes: [...before, ...notes, ...besideNotes(root, [top, ...parts.map(({ view }) => view)])],
  };
}

/** `seg_train/seg_train/cat`: a part whose one folder holds the class folders. */
async function unwrapped(root: string, view: FolderView, classes: readonly string[]): Promise<FolderView> {
  const [only] = view.folders;
  if (view.folders.length !== 1 || view.images > 0 || classes.includes(only)) return view;
  const inner = await lookInto(root, inside(view, only));
  return inner.images === 0 && inner.folders.length > 1 ? inner : view;
}

/** Images that lie beside the class folders, in none of them. */
function besideNotes(root: string, views: readonly FolderView[]): string[] {
  return views
    .filter(({ images, folders }) => images > 0 && folders.length > 0)
    .map(
      ({ path, images }) =>
        `${path === '' ? root : `${root}/${path}`} holds ${formatQuantity(images, 'image')} in no class folder: ${images === 1 ? 'it is' : 'they are'} not used.`,
    );
}

/** `train (no images; folders cat, dog), unlabeled (6 images)`. */
function describeViews(views: readonly FolderView[]): string {
  const shown = views.slice(0, 6).map((view) => `${printable(ownName(view))} (${describeContent(view)})`);
  return views.length > 6 ? `${shown.join(', ')} and ${views.length - 6} more folders` : shown.join(', ');
}

function describeContent({ images, folders }: FolderView): string {
  const inside = folders.length === 0 ? [] : [`folders ${shortList(folders)}`];
  return [...(images > 0 || folders.length === 0 ? [formatQuantity(images, 'image')] : []), ...inside].join(
    '; ',
  );
}

/** Names that all the folders have, where those are at least half of the names of each. */
function sharedNames(views: readonly FolderView[]): string[] {
  const shared = views[0].folders.filter((name) => views.every(({ folders }) => folders.includes(name)));
  return views.every(({ folders }) => 2 * shared.length >= folders.length) ? shared : [];
}

export function shortList(names: readonly string[]): string {
  const list = names.map(printable);
  return list.length <= 10 ? list.join(', ') : `${list.slice(0, 10).join(', ')}, …`;
}
