/** How an image may be explained. */
export const EXPLANATION_METHODS = ['grad-cam', 'saliency'] as const;
/** The name of a way to show where a model looks. */
export type ExplanationMethod = (typeof EXPLANATION_METHODS)[number];
