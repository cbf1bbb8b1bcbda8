import { ContainerPaths } from '../../../sagemaker/container/paths.ts';
import { serveInContainer } from '../../../sagemaker/container/serve.ts';
import { jsonLog } from '../../../server/log.ts';
import { watchInterruption } from '../../interruption.ts';
import { Reporter } from '../../reporter.ts';

/** `harrier sagemaker container serve`: what `<image> serve` runs, until it is told to end. */
export async function runContainerServe(): Promise<void> {
  const reporter = new Reporter();
  const interruption = watchInterruption(() => {});
  try {
    const log = jsonLog((line) => reporter.result(line), 'info');
    const server = await serveInContainer(new ContainerPaths(), process.env, log);
    await new Promise<void>((resolve) => {
      if (interruption.signal.aborted) resolve();
      interruption.signal.addEventListener('abort', () => resolve());
    });
    await server.close();
  } finally {
    interruption.end();
  }
}
