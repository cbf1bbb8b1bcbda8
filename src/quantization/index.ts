export { type IntegerReport, type QuantizeOptions, quantizeModel } from './quantize.ts';
export { CALIBRATIONS, type Calibration } from './ranges.ts';
