import type { TestTimeAugmentation } from '../../data/views.ts';
import { HarrierError } from '../../errors.ts';
import type { INTEGER_STORAGE, WeightStorage } from '../../models/index.ts';
import { ADAPTIVE_VIEWS } from '../../options/words.ts';
import type { Calibration } from '../../quantization/index.ts';
import type { ForeignFlags } from '../foreign.ts';

/** Formats that are one file. */
export const FILE_FORMATS = ['onnx', 'onnx-fp16', 'onnx-int8', 'onnx-int8-compute', 'safetensors'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];
/** Formats that are a folder of files. */
export const FOLDER_FORMATS = ['npm', 'transformers.js'] as const;
export type FolderFormat = (typeof FOLDER_FORMATS)[number];

export const EXPORT_FORMATS = [...FILE_FORMATS, ...FOLDER_FORMATS] as const;
export type ExportFormat = FileFormat | FolderFormat;

/** How each form of a model stores its weights; those of 32 bits may be a run's own. */
export const STORAGE = {
  onnx: undefined,
  'onnx-fp16': 'float16',
  'onnx-int8': 'int8',
  'onnx-int8-compute': 'int8-compute',
} as const satisfies Readonly<
  Record<Exclude<FileFormat, 'safetensors'>, WeightStorage | typeof INTEGER_STORAGE | undefined>
>;

/** What is said of each format in help. */
const ABOUT: Readonly<Record<ExportFormat, string>> = {
  onnx: '',
  'onnx-fp16': 'weights in 16 bits',
  'onnx-int8': 'in 8',
  'onnx-int8-compute': 'computes in 8 bits too',
  safetensors: '',
  npm: 'a package for apps',
  'transformers.js': '',
};

/** All formats, for help. */
export function formatsHelp(): string {
  const all = EXPORT_FORMATS.map((name) => (ABOUT[name] === '' ? name : `${name} (${ABOUT[name]})`));
  return `${all.slice(0, -1).join(', ')}, or ${all.at(-1)}`;
}

/** Formats that may have further views for images that the model is unsure of. */
const WITH_ADAPTIVE_VIEWS: readonly ExportFormat[] = ['onnx', 'onnx-fp16', 'onnx-int8'];

/** `onnx, onnx-fp16 and onnx-int8`. */
export function adaptiveFormats(word: 'and' | 'or'): string {
  return WITH_ADAPTIVE_VIEWS.join(', ').replace(/, ([^,]+)$/, ` ${word} $1`);
}

/**
 * Views that every form of a model can have.
 * @throws HarrierError `not-supported` for adaptive ones
 */
export function plainViews({
  format,
  tta,
}: Pick<ExportCommandOptions, 'format' | 'tta'>): TestTimeAugmentation | undefined {
  if (tta !== ADAPTIVE_VIEWS) return tta;
  throw new HarrierError('not-supported', 'this format has no adaptive views', {
    where: `--format ${format}`,
    next: `Use --format ${adaptiveFormats('or')}; a package can be made of the file that this writes.`,
  });
}

/** The options of `export` as they were typed. */
export interface ExportCommandOptions extends ForeignFlags {
  readonly format: ExportFormat;
  /** Of a package. */
  readonly name?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly tta?: TestTimeAugmentation | typeof ADAPTIVE_VIEWS;
  readonly data?: string;
  readonly limit?: number;
  /** With onnx-int8-compute: how ranges are chosen. */
  readonly calibration?: Calibration;
  readonly threads?: number;
  readonly imageSize?: number;
  readonly source?: 'original' | 'npm';
  readonly skipBad?: boolean;
  readonly marks?: 'none';
  readonly json?: boolean;
}
