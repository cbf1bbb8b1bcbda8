import { signal } from '@preact/signals';
import type { RunDetails, StudioState } from 'harrier/src/studio-server/api.ts';
import { getJson } from './api.ts';
import { onReconnect } from './live.ts';
import { exported } from './router.ts';

/** What this Studio has and may do; undefined until the server has said so. */
export const studio = signal<StudioState | undefined>(undefined);

/** Why it could not be asked. */
export const studioError = signal<unknown>(undefined);

/** Asks for it again. */
export async function loadStudio(): Promise<void> {
  try {
    studio.value = await getJson<StudioState>('state');
    studioError.value = undefined;
  } catch (error) {
    studioError.value = error;
  }
}

/** What a command calls a run: its folder. In a site it stands for the reader's own. */
export function folderOf({ folder, summary }: RunDetails): string {
  return folder ?? `runs/${summary.id.replaceAll('~', '/')}`;
}

if (exported) void loadStudio();
else onReconnect(() => void loadStudio());
