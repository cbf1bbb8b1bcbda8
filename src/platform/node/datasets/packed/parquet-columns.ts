import type { FileMetaData } from 'hyparquet';
import { HarrierError } from '../../../../errors.ts';
import { jsonObject } from '../../../../json-text.ts';
import { isObject } from '../../../../options/values.ts';
import type { ColumnNames } from '../../../../options/words.ts';
import { checkColumns, columnsAdvice } from '../manifest-columns.ts';

/** Which columns of a Parquet file are the images and their labels. */
export interface ParquetColumns {
  readonly image: string;
  readonly label: string;
  /** Names of the labels, where these are numbers that the file gives names for. */
  readonly names?: readonly string[];
  /** Further columns that were named: their fields in a list, with their names. */
  readonly named: readonly (readonly [word: 'group' | 'split' | 'time', column: string])[];
  /** Columns that might be meant as well. */
  readonly others: readonly string[];
}

const IMAGES = ['image', 'img', 'images', 'picture', 'photo', 'jpg', 'png'];
const LABELS = ['label', 'labels', 'class', 'category', 'target', 'fine_label', 'coarse_label', 'cls'];

/**
 * Finds the columns by their names that were given, else by what the Hugging Face library has written of them, else by
 * their usual names.
 *
 * @throws HarrierError `bad-data` where there is no column of images or of labels, `bad-option` for a name that no column
 *   has
 */
export function parquetColumns(
  metadata: FileMetaData,
  where: string,
  given: ColumnNames = {},
): ParquetColumns {
  const features = featuresOf(metadata);
  const columns = topColumns(metadata);
  const isImage = (name: string) => features?.[name]?._type === 'Image';
  const isLabel = (name: string) => features?.[name]?._type === 'ClassLabel';
  checkColumns(columns, given, where);
  const image =
    given.image ?? columns.find(isImage) ?? columns.find((name) => IMAGES.includes(name.toLowerCase()));
  const labels = [
    ...columns.filter(isLabel),
    ...LABELS.flatMap((wanted) => columns.filter((name) => name.toLowerCase() === wanted)),
  ];
  const label =
    given.label ?? LABELS.find((wanted) => labels.includes(wanted) && isLabel(wanted)) ?? labels[0];
  if (image === undefined || label === undefined) {
    const free = columns.filter((name) => name !== image && name !== label);
    throw new HarrierError('bad-data', `it has no column of ${image === undefined ? 'images' : 'labels'}`, {
      where,
      expected:
        image === undefined
          ? 'a column "image" with the bytes of image files, as the Hugging Face hub stores data sets'
          : 'a column "label"',
      received: columns.join(', '),
      next: columnsAdvice({
        ...(image === undefined && { image: free[0] }),
        ...(label === undefined && { label: free[image === undefined ? 1 : 0] }),
      }),
    });
  }
  const names = features?.[label]?.names;
  return {
    image,
    label,
    ...(Array.isArray(names) && { names: names.map(String) }),
    named: (['group', 'split', 'time'] as const).flatMap((word) => {
      const column = given[word];
      return column === undefined ? [] : [[word, column] as const];
    }),
    others: [...new Set(labels)].filter((name) => name !== label),
  };
}

/** What the Hugging Face library notes of the columns. */
function featuresOf({ key_value_metadata: pairs = [] }: FileMetaData) {
  const text = pairs.find(({ key }) => key === 'huggingface')?.value ?? '';
  const info = jsonObject(text)?.info;
  const features = isObject(info) ? info.features : undefined;
  if (!isObject(features)) return undefined;
  const known = Object.entries(features).filter(([, value]) => isObject(value));
  return Object.fromEntries(known) as Record<string, { readonly _type?: unknown; readonly names?: unknown }>;
}

/** Names of the columns, of nested ones that of the outermost. */
function topColumns({ row_groups: groups }: FileMetaData): string[] {
  const paths = groups[0]?.columns.map(({ meta_data }) => meta_data?.path_in_schema[0]) ?? [];
  return [...new Set(paths.filter((name) => name !== undefined))];
}
