/** How an image may be explained. */
export const EXPLANATION_METHODS = ['grad-cam', 'saliency'] as const;
export type ExplanationMethod = (typeof EXPLANATION_METHODS)[number];
