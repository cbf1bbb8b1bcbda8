import type { TestTimeAugmentation } from '../../data/views.ts';
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

/** The options of `export` as they were typed. */
export interface ExportCommandOptions extends ForeignFlags {
  readonly format: ExportFormat;
  /** Of a package. */
  readonly name?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly tta?: TestTimeAugmentation;
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
