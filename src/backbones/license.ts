/** Words of licences that forbid commercial use, by their identifiers or the hub's. */
const FORBIDS = /\bnc\b|non-?commercial|research|academic/i;
/** Of licences that ask something of programs and models that are made with it. */
const OBLIGES = /^(agpl|gpl|sspl|osl|eupl|cecill)/i;
/** Licences that only ask to be named. */
const ALLOWS =
  /^(apache-2\.0|mit|mit-0|bsd-[23]-clause|isc|cc0-1\.0|cc-by-4\.0|unlicense|0bsd|zlib|bsl-1\.0)$/i;

/**
 * What somebody who trains on a model should know of its licence first: a sentence; undefined where it allows commercial
 * use and asks only to be named.
 *
 * @param license SPDX identifier, or what the publisher says in its place; undefined: nothing is said
 * @param note what else is known of it
 */
export function licenseWarning(name: string, license: string | undefined, note?: string): string | undefined {
  if (note) return `${name}: ${license ?? 'no licence is stated'}; ${note}`;
  if (license === undefined) {
    return `${name}: no licence is stated. Ask its owner before you use or pass on models that are made from it.`;
  }
  if (FORBIDS.test(license)) {
    return `${name} is under ${license}, which forbids commercial use: of models that are made from it, too.`;
  }
  if (OBLIGES.test(license)) {
    return `${name} is under ${license}, which asks for the source of what is made with it.`;
  }
  if (ALLOWS.test(license)) return undefined;
  return `${name} is under "${license}": read its terms before you use or pass on models that are made from it.`;
}
