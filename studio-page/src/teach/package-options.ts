/** What a model can be packed as. */
export type PackageKind = 'npm' | 'transformers.js';

export interface PackageOptions {
  /** Of the package, or of the folder. */
  readonly name: string;
  /** How good the model is: a sentence. */
  readonly estimate?: string;
  /** Address of the code that packages carry. */
  readonly codeUrl: string;
}

/** The version of a package that has just been made. */
export const PACKAGE_VERSION = '1.0.0';

/** The name of a file or folder for a package: `@acme/parts` becomes `acme-parts`, as npm does it. */
export function folderOf(name: string): string {
  return name.replace(/^@/, '').replace('/', '-');
}
