/** For an option that may be given several times, whose values may hold spaces. */
export function collectWhole(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
