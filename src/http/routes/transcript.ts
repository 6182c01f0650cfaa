// Reading the conversation of an agent's run.

import type { Knex } from 'knex';
import type { z } from 'zod';
import { readTranscript } from '../../views/transcript.ts';
import { ProblemSchema, RunParams, TranscriptPageSchema, TranscriptQuery } from '../contract.ts';
import type { Route } from '../route.ts';
import type { RunReader } from './reading.ts';

const DEFAULT_TURNS = 100;

/** Returns the route that reads the messages of a run. */
export function transcriptRoute(db: Knex, reader: RunReader): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/runs/{id}/transcript',
      summary: 'Read the conversation of an agent',
      description:
        'Messages in the form of the AI SDK, turn by turn; results of tools as soon as they are recorded. Empty for a run that is no agent’s.',
      tag: 'Runs',
      params: RunParams,
      query: TranscriptQuery,
      answers: {
        200: { description: 'Messages in the order in which the model saw them', schema: TranscriptPageSchema },
        404: { description: 'No such run, or another tenant’s', schema: ProblemSchema },
      },
    },
    handle: async ({ params, query, tenant }) => {
      const run = await reader.get(params.id!, tenant);
      const { from = 0, limit = DEFAULT_TURNS } = query as z.output<typeof TranscriptQuery>;
      return { status: 200, body: await readTranscript(db, run.id, from, limit) };
    },
  };
}
