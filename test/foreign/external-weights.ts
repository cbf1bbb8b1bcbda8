import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, StringStringEntryProtoSchema } from '../../src/onnx/generated/onnx_pb.ts';

/** The same model with its weights in another file, as PyTorch's default exporter writes it, and that file. */
export function withExternalWeights(
  bytes: Uint8Array,
  location: string,
): { readonly model: Uint8Array; readonly weights: Uint8Array } {
  const proto = fromBinary(ModelProtoSchema, bytes);
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of proto.graph!.initializer) {
    const { rawData } = tensor;
    if (rawData.length === 0) continue;
    const entries = { location, offset, length: rawData.length };
    tensor.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value: `${value}` }),
    );
    tensor.dataLocation = 1;
    tensor.rawData = new Uint8Array();
    parts.push(rawData);
    offset += rawData.length;
  }
  return { model: toBinary(ModelProtoSchema, proto), weights: Buffer.concat(parts) };
}
