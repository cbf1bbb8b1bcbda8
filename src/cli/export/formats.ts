import type { TestTimeAugmentation } from '../../data/views.ts';
import { HarrierError } from '../../errors.ts';
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
    next: 'Use --format onnx, onnx-fp16 or onnx-int8; a package can be made of the file that this writes.',
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
