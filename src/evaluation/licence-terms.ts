/** Whether a licence is one: the hub says "other" of terms that a file states. */
export function isNamedLicence(license: string | undefined): license is string {
  return license !== undefined && !/^(other|unknown)$/i.test(license);
}

/**
 * Whose terms apply to a model that was made of another one: a sentence.
 *
 * @param license that of the other, if its publisher states one
 * @param shown it as the text takes it
 */
export function licenceTerms(license: string | undefined, shown: (license: string) => string): string {
  if (isNamedLicence(license))
    return `Its licence is ${shown(license)}, whose terms apply to this model too.`;
  return license && !/^unknown$/i.test(license)
    ? 'Its publisher states terms of its own there, which apply to this model too.'
    : 'Its publisher states no licence: ask before you publish this model.';
}
