import type { ServedModel } from './service.ts';

type Schema = Record<string, unknown>;

/** The routes as an OpenAPI document (https://spec.openapis.org/oas/v3.1.0). */
export function openApi(
  name: string,
  version: string,
  { classNames, imageShape, thresholds }: ServedModel,
): Schema {
  const { height, width, channels } = imageShape;
  const row: Schema = {
    type: 'array',
    items: { type: 'number', minimum: 0, maximum: 1 },
    minItems: classNames.length,
    maxItems: classNames.length,
    description: `Probabilities of ${classNames.slice(0, 20).join(', ')}${classNames.length > 20 ? ', …' : ''}, in this order.`,
  };
  const labels: Schema = { type: 'array', items: { enum: classNames } };
  const object = (properties: Schema, required = Object.keys(properties)): Schema => ({
    type: 'object',
    properties,
    required,
  });
  const string: Schema = { type: 'string' };
  const json = (schema: Schema) => ({ 'application/json': { schema } });
  const answers = (description: string, content?: Schema) => ({
    200: { description, ...(content && { content }) },
    default: {
      description: 'Why not',
      content: json(object(PROBLEM, ['code', 'message', 'requestId'])),
    },
  });
  const get = (summary: string, content?: Schema) => ({
    get: { summary, responses: answers(summary, content) },
  });
  const file: Schema = { type: 'string', format: 'binary' };
  const pixel: Schema = { type: 'integer', minimum: 0, maximum: 255 };
  const fixed = (items: Schema, size: number): Schema => ({
    type: 'array',
    items,
    minItems: size,
    maxItems: size,
  });
  return {
    openapi: '3.1.0',
    info: { title: `Harrier: ${name}`, version },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    security: [{}, { token: [] }],
    paths: {
      '/invocations': {
        post: {
          summary: 'Classify an image file, or several images as JSON or JSON Lines (Amazon SageMaker)',
          requestBody: {
            required: true,
            content: {
              ...Object.fromEntries(
                ['image/png', 'image/jpeg', 'image/webp', 'application/x-image'].map((type) => [
                  type,
                  { schema: file },
                ]),
              ),
              ...json(object({ instances: { type: 'array', items: object({ b64: string }) } })),
              'application/jsonlines': { schema: object({ image: object({ b64: string }) }) },
            },
          },
          responses: answers('What it shows', {
            ...json(row),
            'application/jsonlines': {
              schema: object(
                {
                  prediction: row,
                  unknown: { type: 'boolean' },
                  ...(thresholds && { predicted_labels: labels }),
                },
                ['prediction'],
              ),
            },
            'application/json;verbose': {
              schema: object(
                {
                  probabilities: row,
                  labels: { type: 'array', items: string },
                  ...(thresholds ? { predicted_labels: labels } : { predicted_label: { enum: classNames } }),
                  unknown: { type: 'boolean' },
                  set: { type: 'array', items: string },
                },
                ['probabilities', 'labels', thresholds ? 'predicted_labels' : 'predicted_label'],
              ),
            },
          }),
        },
      },
      [`/v1/models/${name}:predict`]: {
        post: {
          summary: 'Classify images (TensorFlow Serving)',
          requestBody: {
            required: true,
            content: json(
              object({
                instances: {
                  type: 'array',
                  items: {
                    oneOf: [object({ b64: string }), fixed(fixed(fixed(pixel, channels), width), height)],
                  },
                },
              }),
            ),
          },
          responses: answers(
            'One row for each image',
            json(object({ predictions: { type: 'array', items: row } })),
          ),
        },
      },
      [`/v1/models/${name}`]: get('Status of the model (TensorFlow Serving)', json({ type: 'object' })),
      [`/v2/models/${name}/infer`]: {
        post: {
          summary: 'Classify images (Open Inference Protocol)',
          requestBody: {
            required: true,
            content: json(
              object(
                {
                  id: string,
                  inputs: fixed(
                    object({
                      name: { const: 'image' },
                      datatype: { enum: ['UINT8', 'BYTES'] },
                      shape: { type: 'array', items: { type: 'integer' } },
                      data: { type: 'array' },
                    }),
                    1,
                  ),
                },
                ['inputs'],
              ),
            ),
          },
          responses: answers('One tensor of shape [images, classes]', json({ type: 'object' })),
        },
      },
      [`/v2/models/${name}`]: get('Inputs and outputs of the model', json({ type: 'object' })),
      [`/v2/models/${name}/ready`]: get('Whether the model can be asked', json({ type: 'object' })),
      '/v2': get('What this server is', json({ type: 'object' })),
      '/v2/health/live': get('Whether the server is alive', json({ type: 'object' })),
      '/v2/health/ready': get('Whether the server can be asked', json({ type: 'object' })),
      '/ping': get('Whether the server can be asked (Amazon SageMaker)'),
      '/execution-parameters': get('How to send a batch (Amazon SageMaker)', json({ type: 'object' })),
      '/healthz': get('Whether the server is alive', json({ type: 'object' })),
      '/readyz': get('Whether the server can be asked', json({ type: 'object' })),
      '/metrics': get('What happened so far (Prometheus)', { 'text/plain': { schema: string } }),
    },
  };
}

const PROBLEM = Object.fromEntries(
  ['code', 'message', 'expected', 'received', 'where', 'next', 'requestId'].map((field) => [
    field,
    { type: 'string' },
  ]),
);
