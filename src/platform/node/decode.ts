/** Where decoding stood before `images/`; scripts that reach into the source still find it here. */
export * from './images/decode.ts';
