import type {
  CorrectionFilter,
  DatasetInfo,
  ImageEntry,
  ImageList,
  Split,
} from 'harrier/src/studio-server/api.ts';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { apiUrl, getJson, type Parameters } from '../../api.ts';
import type { ImageSource } from '../../components/image-grid.tsx';
import { photosOf } from '../../datasets.ts';
import { labelOf, labelWords } from '../../images/entries.ts';
import { reconnections } from '../../live.ts';
import { exported } from '../../router.ts';

/** Which images are looked at. */
export interface Filter {
  readonly split: Split;
  readonly class?: number;
  readonly mark?: CorrectionFilter;
  /** Looked for in class names and sources. */
  readonly search?: string;
}

/** The images that a filter leaves; what is known of each comes when it is needed. */
export interface Listing {
  readonly total: number | undefined;
  readonly error?: unknown;
  readonly entry: (position: number) => ImageEntry | undefined;
  /** Where an image is, as far as the list is known. */
  readonly positionOf: (index: number) => number | undefined;
  /** Puts changed entries in the places of what they were. */
  readonly replace: (entries: readonly ImageEntry[]) => void;
  /** Brings entries to what is corrected by now, also elsewhere. */
  readonly correct: (corrected: ReadonlyMap<number, ImageEntry>) => void;
  readonly source: ImageSource;
}

/** Entries that are asked for together. */
const PAGE = 256;

/** The query of what a filter leaves. */
export function filterQuery({ class: index, mark, search }: Filter): Parameters {
  return { class: index, mark, q: search };
}

/**
 * @param revision changes when label corrections have changed what a filter leaves
 * @param onMoved called when the server's list is no longer the one that was begun: the revision must change
 */
export function useListing(
  facts: DatasetInfo,
  filter: Filter,
  revision: number,
  onMoved: () => void,
): Listing {
  const key = JSON.stringify([facts.id, filter, revision]);
  const [, setCount] = useState(0);
  // How long the list is that takes the place of another: what is looked at stays where it is.
  const next = useRef<number | undefined>(undefined);
  const moved = (total: number) => {
    next.current = total;
    onMoved();
  };
  // The key stands for them.
  const pages = useMemo(
    () => new Pages(facts, filter, revision, () => setCount((count) => count + 1), moved, next.current),
    [key],
  );
  next.current = undefined;
  useEffect(() => {
    pages.need(0, 1);
    return () => pages.close();
  }, [pages]);
  // What did not come while the server was away is asked for again.
  const generation = reconnections.value;
  useEffect(() => pages.need(0, 1), [generation]);
  return pages.listing();
}

class Pages {
  private readonly entries = new Map<number, ImageEntry>();
  private readonly asked = new Set<number>();
  private readonly abort = new AbortController();
  private readonly facts: DatasetInfo;
  private readonly filter: Filter;
  private readonly parameters: Parameters;
  private readonly changed: () => void;
  private readonly moved: (total: number) => void;
  private total: number | undefined;
  private error: unknown;
  private current: Listing | undefined;

  constructor(
    facts: DatasetInfo,
    filter: Filter,
    revision: number,
    changed: () => void,
    moved: (total: number) => void,
    total: number | undefined,
  ) {
    this.facts = facts;
    this.filter = filter;
    this.changed = changed;
    this.moved = moved;
    this.total = total;
    const { class: index, mark, search } = filter;
    const filtered = index !== undefined || mark !== undefined || search !== undefined;
    this.parameters = {
      ...filterQuery(filter),
      // Other images under the same address: the browser must not show those that it knows.
      ...(filtered && revision > 0 && { revision }),
      // Who names the content that is wanted may keep it for ever.
      ...(!filtered && { v: facts.splits[filter.split]?.hash }),
    };
  }

  listing(): Listing {
    this.current ??= {
      total: this.total,
      error: this.error,
      entry: (position) => this.entries.get(position),
      positionOf: (index) => [...this.entries].find(([, entry]) => entry.index === index)?.[0],
      replace: (entries) => {
        const changed = new Map(entries.map((entry) => [entry.index, entry]));
        this.put(({ index }) => changed.get(index));
      },
      correct: (corrected) =>
        this.put((entry) => {
          const mark = corrected.get(entry.index)?.mark;
          const isSame = mark?.label === entry.mark?.label && mark?.excluded === entry.mark?.excluded;
          return isSame ? undefined : { ...entry, mark };
        }),
      source: this.source(),
    };
    return this.current;
  }

  need = (first: number, last: number): void => {
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page++) {
      if (!this.asked.has(page)) void this.fetch(page);
    }
  };

  close(): void {
    this.abort.abort();
  }

  private async fetch(page: number): Promise<void> {
    this.asked.add(page);
    try {
      if (exported) return await this.fetchAll();
      const { total, images } = await getJson<ImageList>(this.path('images'), {
        parameters: { ...this.parameters, offset: page * PAGE, limit: PAGE },
        signal: this.abort.signal,
      });
      if (this.abort.signal.aborted) return;
      // Places of a list of another length are those of other images.
      if (this.total !== undefined && total !== this.total) return this.moved(total);
      this.total = total;
      images.forEach((entry, i) => {
        this.entries.set(page * PAGE + i, entry);
      });
      this.error = undefined;
    } catch (error) {
      if (this.abort.signal.aborted) return;
      this.asked.delete(page);
      // With images on the page, the banner that the server is away says enough.
      if (this.total === undefined) this.error = error;
    }
    this.tell();
  }

  /** Without a server there is one list, of all images. */
  private async fetchAll(): Promise<void> {
    const { images } = await getJson<ImageList>(this.path('images'), { signal: this.abort.signal });
    const { class: index, search } = this.filter;
    const { classNames } = this.facts;
    const words = (search ?? '').toLowerCase().split(/\s+/);
    const left = images.filter((entry) => {
      if (index !== undefined && !(entry.labels ?? [labelOf(entry)]).includes(index)) return false;
      const text = `${labelWords(entry, classNames)} ${entry.source}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    this.total = left.length;
    left.forEach((entry, i) => {
      this.entries.set(i, entry);
    });
    for (let page = 0; page * PAGE < left.length; page++) this.asked.add(page);
    this.tell();
  }

  /** Puts another entry in the place of each that has one. */
  private put(other: (entry: ImageEntry) => ImageEntry | undefined): void {
    let isOther = false;
    for (const [position, entry] of this.entries) {
      const next = other(entry);
      if (!next) continue;
      this.entries.set(position, next);
      isOther = true;
    }
    if (isOther) this.tell();
  }

  private tell(): void {
    this.current = undefined;
    this.changed();
  }

  private path(what: string): string {
    return `datasets/${this.facts.id}/${this.filter.split}/${what}`;
  }

  private source(): ImageSource {
    const { columns, perPage } = this.facts.sheet;
    const total = this.total ?? 0;
    const urls = new Map<number, string>();
    const urlOf = (page: number): string => {
      const known = urls.get(page);
      if (known !== undefined) return known;
      const url = exported
        ? apiUrl(`${this.path('sheet')}/${page}.webp`)
        : apiUrl(this.path('sheet'), { ...this.parameters, page });
      urls.set(page, url);
      return url;
    };
    // In an exported site sheets are of all images, in order of index.
    const size = exported ? (this.facts.splits[this.filter.split]?.size ?? 0) : total;
    return {
      total,
      columns,
      photo: photosOf(this.facts, this.filter.split, (position) => this.entries.get(position)?.index),
      sheet: (position) => {
        const at = exported ? (this.entries.get(position)?.index ?? position) : position;
        const page = Math.floor(at / perPage);
        return { url: urlOf(page), place: at % perPage, count: Math.min(perPage, size - page * perPage) };
      },
      name: (position) => {
        const entry = this.entries.get(position);
        if (!entry) return `Image ${position + 1}`;
        const { classNames } = this.facts;
        const was =
          entry.mark?.label === undefined ? '' : `, labelled ${classNames[entry.label]} in the data`;
        return `${labelWords(entry, classNames)}, ${entry.source}${was}${entry.mark?.excluded ? ', excluded' : ''}`;
      },
      look: (position) => {
        const mark = this.entries.get(position)?.mark;
        return mark?.excluded ? 'excluded' : mark?.label === undefined ? undefined : 'relabelled';
      },
      onVisible: this.need,
    };
  }
}
