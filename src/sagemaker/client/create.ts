import { isAws } from './aws-error.ts';
import { isUniqueName } from './names.ts';

/**
 * Asks for something new. Where AWS did as it was asked and the answer was lost, the SDK sends the request again and AWS
 * refuses it, for the name is taken: taken by this very request, if Harrier made the name.
 *
 * @throws what AWS says
 */
export async function create(name: string, ask: () => Promise<unknown>): Promise<void> {
  await ask().catch((error: Error) => {
    const isTaken = isAws(error, 'ResourceInUse') || /already exist/i.test(error.message);
    if (!(isTaken && isSentAgain(error) && isUniqueName(name))) throw error;
  });
}

/** Whether the SDK sent a request more than once before this error. */
export function isSentAgain(error: unknown): boolean {
  const { $metadata } = error as { readonly $metadata?: { readonly attempts?: number } };
  return ($metadata?.attempts ?? 1) > 1;
}
