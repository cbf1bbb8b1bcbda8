/** Reads files as images, and asks a model about them, beside the page. */
import { Classifier } from 'harrier';
import { answerCalls, Moved } from 'harrier/src/calls.ts';
import { browserPage, nodeProgram, pythonProgram } from 'harrier/src/evaluation/programs.ts';
import { contractOf, UNKNOWN_FROM } from 'harrier/src/models/contract.ts';
import { decodeModel } from 'harrier/src/onnx/index.ts';
import { decodeImage, webRuntime } from 'harrier/web';
import type { PackageKind, PackageOptions } from '../teach/package-options.ts';
import { unpackZip } from '../teach/project-file.ts';
import { shrink } from '../teach/shrink.ts';
import { pageChannel } from './channel.ts';

let classifier: Classifier | undefined;

const methods = {
  /** Whether a file is an image, and what to keep of it. */
  shrink,
  /** The files of a zip archive. */
  async unpack(file: Blob, name: string) {
    const entries = unpackZip(new Uint8Array(await file.arrayBuffer()), name);
    return new Moved(
      entries,
      entries.map(({ bytes }) => bytes.buffer),
    );
  },
  /** Throws what is wrong with an image. */
  async check(file: Blob, name: string): Promise<void> {
    await decodeImage(file, { height: 1, width: 1, channels: 3 }, name);
  },
  /** Makes a model the one to ask. @returns its class names */
  async load(model: Uint8Array<ArrayBuffer>): Promise<readonly string[]> {
    const before = classifier;
    classifier = await Classifier.load(await webRuntime({ backend: 'wasm' }), model, 'the model');
    await before?.dispose();
    return classifier.classNames;
  },
  /** Programs that use a model without Harrier. */
  async programs(model: Uint8Array<ArrayBuffer>) {
    const { graph, metadata } = decodeModel(model);
    const { classNames, thresholds, tellsUnknown, imageShape } = contractOf(graph, metadata, 'the model');
    const options = { classNames, ...(thresholds && { thresholds }), tellsUnknown, imageShape };
    return { node: nodeProgram(options), python: pythonProgram(options), page: browserPage(options) };
  },
  /** The model as an npm package, or as a folder for transformers.js. @throws HarrierError `bad-option` for a bad name */
  async package(kind: PackageKind, model: Uint8Array<ArrayBuffer>, options: PackageOptions) {
    // Read when it is wanted: it knows what a run is.
    const { npmTarball, transformersZip } = await import('../teach/packages.ts');
    const bytes = kind === 'npm' ? await npmTarball(model, options) : await transformersZip(model, options);
    return new Moved(bytes, [bytes.buffer]);
  },
  async classify(file: Blob, name: string) {
    if (!classifier) throw new Error('no model is loaded yet');
    const pixels = await decodeImage(file, classifier.imageShape, name);
    const started = performance.now();
    const { probabilities, unknown } = await classifier.answer(pixels);
    return {
      probabilities,
      ...(unknown && { isUnknown: unknown[0] > UNKNOWN_FROM }),
      milliseconds: performance.now() - started,
    };
  },
};
export type ImageCalls = typeof methods;

answerCalls(pageChannel, methods);
