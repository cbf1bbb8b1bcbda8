import { dirname } from 'node:path';

/** What npm would be told by its environment and its `.npmrc` files; its defaults when they cannot be read. */
export async function npmConfiguration(): Promise<Record<string, unknown>> {
  try {
    const [{ default: Config }, { default: definitions }] = await Promise.all([
      import('@npmcli/config'),
      import('@npmcli/config/lib/definitions/index.js'),
    ]);
    const config = new Config({
      ...definitions,
      npmPath: dirname(process.execPath),
      // Its loader writes to the environment that it is given, and reads the options of the command line.
      env: { ...process.env },
      argv: [process.execPath, 'npm'],
      warn: false,
    });
    await config.load();
    return config.flat;
  } catch {
    return {};
  }
}
