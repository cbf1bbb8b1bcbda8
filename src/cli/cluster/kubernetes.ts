import { type Yaml, yamlText } from '../../publishing/yaml.ts';
import type { ClusterOptions, Work } from './work.ts';

/** The user "node" of the image. */
const USER = 1000;
/** Where the shared volume is. */
const PLACE = '/work';
const RETRIES = 3;
/** Harrier's exit code for wrong usage: it would come again. */
const WRONG_USAGE = 2;

/**
 * An Indexed Job: each pod has its number in `JOB_COMPLETION_INDEX`. A pod that is evicted is started again and goes on with
 * what the shared volume has of it; evictions do not count as failures.
 */
export function kubernetesText(work: Work, { image, cpus, memory, atOnce }: ClusterOptions): string {
  const name = `harrier-${work.kind}`;
  const size = { cpu: `${cpus}`, memory: `${memory}Gi` };
  const claim: Yaml = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '20Gi' } } },
  };
  const container: Yaml = {
    name: 'harrier',
    image,
    command: ['sh', '-c', work.command('JOB_COMPLETION_INDEX')],
    workingDir: PLACE,
    env: [
      { name: 'HARRIER_CACHE', value: '/tmp/harrier' },
      { name: 'OMP_NUM_THREADS', value: `${cpus}` },
    ],
    resources: { requests: size, limits: { memory: `${memory}Gi` } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'shared', mountPath: PLACE },
      { name: 'scratch', mountPath: '/tmp' },
    ],
  };
  const job: Yaml = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      completionMode: 'Indexed',
      completions: work.jobs,
      parallelism: Math.min(atOnce ?? work.jobs, work.jobs),
      backoffLimitPerIndex: RETRIES,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          {
            action: 'FailIndex',
            onExitCodes: { containerName: 'harrier', operator: 'In', values: [WRONG_USAGE] },
          },
        ],
      },
      template: {
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 120,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: USER,
            runAsGroup: USER,
            fsGroup: USER,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [container],
          volumes: [
            { name: 'shared', persistentVolumeClaim: { claimName: name } },
            { name: 'scratch', emptyDir: { sizeLimit: '10Gi' } },
          ],
        },
      },
    },
  };
  const files = work.files.map((file) => `#   ${file}`).join('\n');
  return `# ${work.jobs} jobs of Harrier, written by \`harrier cluster init kubernetes\`. Put into the volume first:
#
${files}
#
#   kubectl apply -f THIS_FILE
#   kubectl wait --for=condition=complete --timeout=-1s job/${name}
#
# A job that fails never completes: kubectl get job/${name} says so.
#
# The volume must be one that many nodes may write to (NFS, EFS, Filestore, CephFS).

${[claim, job].map((each) => yamlText(each as { [key: string]: Yaml })).join('---\n')}`;
}
