// What the models of a process look like outside.

import { z } from 'zod';
import { time } from './contract.ts';

const dollars = z.number().meta({ description: 'US dollars per million tokens' });
const limit = z.int().nullable();

const PriceSchema = z
  .object({
    currency: z.literal('USD'),
    input: dollars,
    cachedInput: dollars,
    cacheWrite: dollars,
    output: dollars,
    reasoning: dollars,
    version: z.string().nullable(),
    since: z.string().nullable(),
  })
  .meta({ id: 'Price' });

const HealthSchema = z
  .object({
    state: z.enum(['unknown', 'ok', 'failing']).meta({ description: 'By the last call that ended' }),
    calls: z.int().meta({ description: 'How many calls ended since the process has the endpoint' }),
    failures: z.int(),
    lastSuccessAt: time.nullable(),
    lastFailure: z.object({ at: time, code: z.string() }).nullable(),
  })
  .meta({ id: 'EndpointHealth', description: 'What the process that answers knows from its own calls' });

const BreakerSchema = z
  .object({
    state: z.enum(['closed', 'open', 'half_open']).meta({
      description: '`open`: nobody asks the endpoint; `half_open`: one call may try whether it is well again',
    }),
    until: time.nullable().meta({ description: 'Until when nobody asks it' }),
    reason: z.string().nullable().meta({ description: 'The code of the failure because of which nobody does' }),
  })
  .meta({ id: 'EndpointBreaker', description: 'What all processes know' });

const EndpointSchema = z
  .object({
    name: z.string(),
    provider: z.string().meta({ description: "`openai-compatible`, `local`, or what the app's model calls its own" }),
    model: z.string(),
    baseUrl: z.string().nullable().meta({ description: 'Without anything secret' }),
    classes: z.array(z.string()),
    limits: z.object({
      rpm: limit.meta({ description: 'Requests a minute' }),
      tpm: limit.meta({ description: 'Tokens a minute' }),
      concurrency: limit.meta({ description: 'Calls at the same time' }),
      timeoutMs: z.number().nullable().meta({ description: 'How long a call may take' }),
      maxOutput: limit.meta({ description: 'Tokens of an answer' }),
    }),
    price: PriceSchema.nullable().meta({ description: 'Null where it is not known' }),
    health: HealthSchema,
    breaker: BreakerSchema,
  })
  .meta({ id: 'Endpoint' });

const FileProblemSchema = z
  .object({
    line: z.int().nullable(),
    column: z.int().nullable(),
    field: z.string().meta({ description: 'Such as `endpoints.cloud.price.input`' }),
    message: z.string(),
  })
  .meta({ id: 'FileProblem' });

export const ModelsSchema = z
  .object({
    source: z.enum(['file', 'environment', 'default']),
    file: z.string().nullable(),
    readAt: time.nullable().meta({ description: 'When the file that is in use was read' }),
    endpoints: z.array(EndpointSchema),
    classes: z.array(
      z.object({
        name: z.string(),
        endpoints: z.array(z.string()).meta({ description: 'The preferred one first' }),
        route: z
          .enum(['order', 'price', 'auto'])
          .meta({ description: '`auto`: another class is picked for each call' }),
        classes: z.array(z.string()).meta({ description: 'To which calls may go instead' }),
      }),
    ),
    problems: z.array(FileProblemSchema).meta({
      description: 'What is wrong with the file as it is now; then what it said before is in use',
    }),
  })
  .meta({ id: 'Models' });
