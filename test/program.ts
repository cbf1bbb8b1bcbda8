import { fileURLToPath } from 'node:url';

/** The command as published: built once by test/build.ts, it starts in a quarter of the time that its source takes. */
export const PROGRAM = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** The command as `npx harrier` starts it in a checkout: from its source. */
export const SOURCE_PROGRAM = fileURLToPath(new URL('../bin/harrier.js', import.meta.url));
