/** Above it, the output `unknown` of a model says that an image shows none of its classes. */
export const UNKNOWN_FROM = 0.5;
