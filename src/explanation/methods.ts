/** How an image may be explained. */
export const EXPLANATION_METHODS = ['grad-cam', 'saliency'] as const;
/** The name of an explanation method. */
export type ExplanationMethod = (typeof EXPLANATION_METHODS)[number];
