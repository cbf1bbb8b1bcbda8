import { formatBytes } from '../../format/format.ts';
import { fetchModel } from '../../platform/node/backbones/fetch-model.ts';
import { findRun } from '../../platform/node/runs/find-run.ts';
import { exportSite } from '../../studio-server/export.ts';
import { fetchingFor } from '../fetching.ts';
import type { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';

export interface ExportStudioOptions {
  readonly folder: string;
  readonly pageFolder: string;
  /** As they were typed. */
  readonly runs: readonly string[];
  readonly data: readonly string[];
  /** A pretrained model to teach with: a name, or an address. */
  readonly backbone?: string;
  readonly reporter: Reporter;
  readonly json?: boolean;
}

/** `harrier studio --export`. */
export async function exportStudio({
  runs,
  backbone,
  reporter,
  json,
  ...options
}: ExportStudioOptions): Promise<void> {
  const folders = await Promise.all(runs.map(findRun));
  const fetched = backbone === undefined ? undefined : await fetchModel(backbone, fetchingFor(reporter));
  const written = await exportSite({
    ...options,
    runs: folders,
    backbone: fetched,
    onProgress: reporter.work,
  });
  const path = shortPath(written.folder);
  reporter.print(`Wrote ${written.files} files, ${formatBytes(written.bytes)}, to ${path}.`);
  reporter.print(
    'Put them on any web host, below any address. To try it here: npx serve, or python3 -m http.server,',
  );
  reporter.print(
    `in ${path}. WebAssembly has more than one thread only where the host sends the headers of _headers.`,
  );
  if (json) reporter.json(written);
}
