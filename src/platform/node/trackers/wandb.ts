import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { HarrierError } from '../../../errors.ts';
import { metricsOf, resultMetricsOf, type TrackedResult, type Tracker } from './tracker.ts';

/**
 * What Python does: each line of standard input is a request, each line of descriptor 3 its answer. Only documented calls
 * of the package are made, so its files and protocol may change (docs/decisions/0021).
 */
const PROGRAM = `
import json, os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
answers = os.fdopen(3, "w", buffering=1)
try:
    import wandb
except ImportError:
    answers.write(json.dumps({"error": "the Python package wandb is not installed"}) + "\\n")
    sys.exit(1)
run = None
for line in sys.stdin:
    said = json.loads(line)
    try:
        if said["do"] == "begin":
            run = wandb.init(project=said["project"], id=said["id"], name=said["name"], dir=said["dir"],
                             config=said["config"], resume="allow", settings=wandb.Settings(console="off"))
        elif said["do"] == "log":
            run.log(said["metrics"], step=said["step"])
        elif said["do"] == "end":
            for name, path in said["files"]:
                artifact = wandb.Artifact(run.id + "-" + name.split(".")[0], type="model" if name.endswith(".onnx") else "report")
                artifact.add_file(path, name=name)
                run.log_artifact(artifact)
            run.finish(exit_code=said["code"])
        answers.write("{}\\n")
    except BaseException as error:
        answers.write(json.dumps({"error": str(error).strip().split("\\n")[0] or type(error).__name__}) + "\\n")
        sys.exit(1)
`;

const PYTHON = process.platform === 'win32' ? 'python' : 'python3';

/** Exit codes of runs: what W&B shows as finished, failed and stopped. */
const CODES = { finished: 0, failed: 1, interrupted: 130 } as const;

/**
 * Weights & Biases, through its Python package: metrics by epoch, options, and the files of the finished run as artefacts.
 * The package reads its own environment (`WANDB_MODE=offline`, `WANDB_API_KEY`, `WANDB_ENTITY`).
 *
 * @param project default: `WANDB_PROJECT`, or `harrier`
 */
export function wandb(project: string = process.env.WANDB_PROJECT ?? 'harrier'): Tracker {
  let python: PythonPackage | undefined;
  const ask = (request: object) => python!.ask(request);
  return {
    name: 'Weights & Biases',
    async begin({ id, name, folder, parameters }) {
      python = new PythonPackage();
      // W&B's ids know letters, digits, hyphens and underscores.
      const plain = id.replace(/[^\w-]/g, '-').slice(-64);
      await ask({ do: 'begin', project, id: plain, name, dir: folder, config: parameters });
    },
    epoch: (record) => ask({ do: 'log', step: record.epoch, metrics: Object.fromEntries(metricsOf(record)) }),
    async end(result) {
      try {
        if (isFinished(result)) {
          await ask({ do: 'log', step: result.epochs, metrics: Object.fromEntries(resultMetricsOf(result)) });
        }
        const files = isFinished(result) ? result.files.map(({ name, path }) => [name, path]) : [];
        await ask({ do: 'end', files, code: CODES[isFinished(result) ? 'finished' : result] });
      } finally {
        python!.close();
      }
    },
  };
}

function isFinished(result: TrackedResult | string): result is TrackedResult {
  return typeof result !== 'string';
}

/** A Python process that is asked one thing after another. */
class PythonPackage {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  #failure: string | undefined;

  constructor() {
    this.#process = spawn(PYTHON, ['-c', PROGRAM], {
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      // What is sent is UTF-8, whatever the code page of Windows.
      env: { ...process.env, WANDB_SILENT: 'true', PYTHONUTF8: '1' },
      // Ctrl-C reaches every process of a terminal; this one, which ignores it, is told how the run ends.
      detached: process.platform !== 'win32',
    });
    const answers = this.#process.stdio[3] as Readable;
    this.#process.on('error', (error) => {
      this.#failure = `${PYTHON} cannot be started (${error.message})`;
      this.#lines.close();
    });
    // A request to a process that is gone is answered by the end of its answers.
    this.#process.stdin!.on('error', () => {});
    this.#lines = createInterface({ input: answers });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** @throws HarrierError `network` with what the package says */
  async ask(request: object): Promise<void> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#answers.next();
    const error = done ? (this.#failure ?? 'Python has ended') : JSON.parse(value).error;
    if (error === undefined) return;
    throw new HarrierError('network', `${error}`, {
      next: 'Install it for the Python of your PATH: pip install wandb. Then: wandb login, or WANDB_MODE=offline.',
    });
  }

  close(): void {
    this.#process.stdin!.end();
    this.#lines.close();
  }
}
