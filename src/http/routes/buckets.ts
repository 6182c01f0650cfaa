// Limits of endpoints and tenants, with what is left of them and how many calls wait.

import type { Knex } from 'knex';
import { listBuckets } from '../../views/buckets.ts';
import { BucketListSchema } from '../buckets-contract.ts';
import type { Route } from '../route.ts';

/** Returns the route of `/v1/buckets`. */
export function bucketsRoute(db: Knex): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/buckets',
      summary: 'Limits of endpoints and tenants, and what is left of them',
      description:
        'All endpoints with limits that calls have been made of, by whatever process; of tenants, those of the caller.',
      tag: 'Operations',
      answers: { 200: { description: 'The limits', schema: BucketListSchema } },
    },
    handle: async ({ tenant }) => ({ status: 200, body: { items: await listBuckets(db, tenant) } }),
  };
}
