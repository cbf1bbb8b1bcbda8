/**
 * A web address without what only its owner may know: user, password, query and fragment, in which signatures and tokens
 * stand. Every other text comes back as it is.
 */
export function publicAddress(text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return text;
  const url = new URL(text);
  if (!url.username && !url.password && !url.search && !url.hash) return text;
  return `${url.origin}${url.pathname}`;
}
