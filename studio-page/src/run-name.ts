import type { RunSummary } from 'harrier/src/studio-server/api.ts';

/** What a run is called: by people, else by its folder. */
export function nameOf({ id, name, group }: Pick<RunSummary, 'id' | 'name' | 'group'>): string {
  return name ?? (group ? `${group.id}, ${group.part}` : id);
}
