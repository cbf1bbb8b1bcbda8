import { built } from '../built.ts';
import type { Reporter } from '../reporter.ts';

/** The folder of the built page, which runs the core's own source. @throws HarrierError `not-found` when it cannot be built */
export function builtPage(reporter: Reporter): Promise<string> {
  return built(
    {
      what: 'the page of Studio',
      script: 'build-page.js',
      folder: 'dist/page',
      file: 'index.html',
      sources: ['studio-page', 'src', 'package.json'],
    },
    reporter,
  );
}
