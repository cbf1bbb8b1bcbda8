import type { TestTimeAugmentation } from '../../data/views.ts';
import type { ForeignFlags } from '../foreign.ts';

export const EXPORT_FORMATS = ['onnx', 'onnx-fp16', 'onnx-int8', 'safetensors'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The options of `export` as they were typed. */
export interface ExportCommandOptions extends ForeignFlags {
  readonly format: ExportFormat;
  readonly out?: string;
  readonly force?: boolean;
  readonly tta?: TestTimeAugmentation;
  readonly data?: string;
  readonly limit?: number;
  readonly threads?: number;
  readonly imageSize?: number;
  readonly source?: 'original' | 'npm';
  readonly skipBad?: boolean;
  readonly marks?: 'none';
  readonly json?: boolean;
}
