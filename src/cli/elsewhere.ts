import { addressesElsewhere } from '../server/addresses.ts';
import type { Reporter } from './reporter.ts';

/** Says how other machines reach a server that listens on all networks. */
export function noteElsewhere(url: string, host: string, reporter: Reporter): void {
  const all = addressesElsewhere(url, host);
  if (all.length > 0) reporter.note(`From other machines: ${all.join(' or ')}`);
}
