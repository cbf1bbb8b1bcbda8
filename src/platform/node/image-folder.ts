/** Where image folders stood before `datasets/`; scripts that reach into the source still find them here. */
export * from './datasets/image-folder.ts';
