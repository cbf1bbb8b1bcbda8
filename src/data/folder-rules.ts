/**
 * How a folder is split, its classes are spelt and its validation images are chosen: 4 now. Runs that began with others
 * keep the images that they began with. 1 is as before version 0.2. From 3 on, images that are all in a training part are
 * all divided into the folds of a cross-validation, where 2 first sets a test part aside; folds by time never divide images
 * of one time; and images without any tag are divided by themselves. Before 4, a validation part could be far larger than
 * its fraction where images come in large groups.
 */
export type FolderRules = 1 | 2 | 3 | 4;
