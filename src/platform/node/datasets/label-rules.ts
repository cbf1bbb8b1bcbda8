import type { ColumnNames, MergedClasses } from '../../../options/words.ts';

/** What says the class of each image, and which classes there are. */
export interface LabelRules {
  /** Names of the columns of a list, or of a Parquet file, where they have no usual ones. */
  readonly columns?: ColumnNames;
  /** A regular expression over each file's path; its first capture is the image's class. */
  readonly labelBy?: string;
  /** Classes that take the images of others: `{ dog: ['husky', 'beagle'] }`. */
  readonly merge?: MergedClasses;
  /** The only classes to use, by their names after merging. Images of others are left out. */
  readonly classes?: readonly string[];
}

/** The rules of what has more options than these. */
export function labelRules({ columns, labelBy, merge, classes }: LabelRules): LabelRules {
  return {
    ...(columns && { columns }),
    ...(labelBy !== undefined && { labelBy }),
    ...(merge && { merge }),
    ...(classes && { classes }),
  };
}
