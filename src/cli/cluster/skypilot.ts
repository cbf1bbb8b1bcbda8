import { yamlText } from '../../publishing/yaml.ts';
import type { ClusterOptions, Work } from './work.ts';

/** A managed job of SkyPilot on spot machines: one that is taken away is started elsewhere, and goes on. */
export function skypilotText(work: Work, { image, cpus, memory }: ClusterOptions): string {
  const task = yamlText({
    name: `harrier-${work.kind}`,
    resources: { image_id: `docker:${image}`, cpus: `${cpus}+`, memory: `${memory}+`, use_spot: true },
    envs: { HARRIER_INDEX: '0', HARRIER_CACHE: '/tmp/harrier' },
    file_mounts: { '/work': { source: 's3://BUCKET/harrier', mode: 'MOUNT_CACHED' } },
    run: `cd /work && ${work.command('HARRIER_INDEX')}`,
  });
  const files = work.files.map((file) => `#   ${file}`).join('\n');
  return `# A job of Harrier, written by \`harrier cluster init skypilot\`. Name your bucket below, and put into it first:
#
${files}
#
# Then start all ${work.jobs}:
#
#   for i in $(seq 0 ${work.jobs - 1}); do sky jobs launch --yes --detach-run --env HARRIER_INDEX=$i THIS_FILE; done
#
# MOUNT_CACHED writes whole files back to the bucket; plain MOUNT cannot append to one.

${task}`;
}
