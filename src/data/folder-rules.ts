/**
 * How a folder is split, its classes are spelt and its validation images are chosen: 2 now; 1 as before version 0.2, so
 * that runs of that time still have the images that they began with.
 */
export type FolderRules = 1 | 2;
