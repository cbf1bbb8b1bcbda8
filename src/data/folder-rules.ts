/**
 * How a folder is split, its classes are spelt and its validation images are chosen: 2 now; 1 as before version 0.2, so
 * that runs of that time still have the images that they began with. 3 is 2 for a cross-validation: images that are all
 * in a training part are all divided into folds, where 2 first sets a test part aside; folds by time never divide images of
 * one time; and images without any tag are divided by themselves.
 */
export type FolderRules = 1 | 2 | 3;
