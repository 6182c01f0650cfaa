// What the limits of endpoints and tenants look like outside.

import { z } from 'zod';
import { time } from './contract.ts';

const limit = z.int().nullable();
const left = z.number().nullable();

const BucketSchema = z
  .object({
    kind: z.enum(['endpoint', 'tenant']),
    name: z.string(),
    rpm: limit.meta({ description: 'Requests a minute' }),
    tpm: limit.meta({ description: 'Tokens a minute' }),
    concurrency: limit.meta({ description: 'Calls at the same time' }),
    rate: z.number().meta({
      description: 'The part of the rate that is used now: less than 1 for a while after the provider refused calls',
    }),
    blockedUntil: time
      .nullable()
      .meta({ description: 'Until when no calls are made, because the provider asked for that' }),
    requestsLeft: left.meta({
      description:
        'How many requests could be made at once. Processes hold a few more. Below 0 when more was used than expected',
    }),
    tokensLeft: left.meta({ description: 'How many tokens could be used at once' }),
    callsAllotted: limit.meta({ description: 'How many of the calls at the same time processes have taken' }),
    waiting: z.int().meta({ description: 'How many calls wait' }),
    granted: z.int().meta({ description: 'How many calls have got their room and were not made yet' }),
    oldestAt: time.nullable().meta({ description: 'Since when the oldest of those that wait does' }),
  })
  .meta({ id: 'Bucket' });

export const BucketListSchema = z.object({ items: z.array(BucketSchema) }).meta({ id: 'BucketList' });
