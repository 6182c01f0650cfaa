// The OpenAPI 3.1 document, made from the routes themselves and the input schemas of the workflows.

import type { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import type { CatalogueEntry } from '../define/catalogue.ts';
import { ProblemSchema } from './contract.ts';
import type { RouteSpec } from './route.ts';

const NO_CONTENT = '204';

/** Returns the document. Each workflow with an input schema has its own path, so that clients can be generated with its types. */
export function openApiDocument(
  name: string,
  version: string,
  specs: readonly RouteSpec[],
  workflows: readonly CatalogueEntry<'workflow'>[],
): object {
  const paths: ZodOpenApiPathsObject = {};
  for (const spec of specs) paths[spec.path] = { ...paths[spec.path], [spec.method]: operation(spec) };
  const start = specs.find((spec) => spec.path === '/v1/workflows/{name}/runs');
  for (const { name: workflow, operation: marked } of start ? workflows : []) {
    const input = marked.options.input;
    const spec: RouteSpec = {
      ...start!,
      path: `/v1/workflows/${workflow}/runs`,
      summary: `Start ${workflow}`,
      bodyRequired: input !== undefined,
    };
    delete spec.params;
    paths[spec.path] = { post: operation(input ? { ...spec, body: input } : spec) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: name,
      version,
      description: 'Durable workflows over HTTP. Errors are problem documents (RFC 9457).',
    },
    security: [{ key: [] }],
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key; not needed where the service listens on loopback only',
        },
      },
    },
    paths,
  });
}

function operation(spec: RouteSpec): ZodOpenApiOperationObject {
  const result: ZodOpenApiOperationObject = { summary: spec.summary, tags: [spec.tag], responses: responses(spec) };
  if (spec.description) result.description = spec.description;
  if (spec.open) result.security = [];
  const requestParams: NonNullable<ZodOpenApiOperationObject['requestParams']> = {};
  if (spec.params) requestParams.path = spec.params as z.ZodObject;
  if (spec.query) requestParams.query = spec.query as z.ZodObject;
  if (spec.headers) requestParams.header = spec.headers;
  if (Object.keys(requestParams).length > 0) result.requestParams = requestParams;
  if (spec.method === 'post' || spec.method === 'put') {
    const schema = spec.body ?? {};
    result.requestBody = {
      required: spec.bodyRequired ?? false,
      content: {
        [spec.form ? 'application/x-www-form-urlencoded' : 'application/json']: { schema: schema as z.ZodType },
      },
    };
  }
  return result;
}

function responses(spec: RouteSpec): ZodOpenApiResponsesObject {
  const result: ZodOpenApiResponsesObject = {
    default: { description: 'An error', content: { 'application/problem+json': { schema: ProblemSchema } } },
  };
  for (const [status, answer] of Object.entries(spec.answers)) {
    const mediaType = answer.mediaType ?? (Number(status) >= 400 ? 'application/problem+json' : 'application/json');
    result[`${Number(status)}` as '200'] = {
      description: answer.description,
      ...(status === NO_CONTENT ? {} : { content: { [mediaType]: { schema: answer.schema ?? { type: 'string' } } } }),
      ...(answer.headers ? { headers: headersOf(answer.headers) } : {}),
    };
  }
  return result;
}

function headersOf(
  headers: Record<string, string>,
): Record<string, { description: string; schema: { type: 'string' } }> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );
}
