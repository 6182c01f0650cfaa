// Reading runs.

import type { Knex } from 'knex';
import { z } from 'zod';
import { isFinal } from '../../core/run.ts';
import { listRuns, type RunFilter } from '../../views/runs.ts';
import { listSteps } from '../../views/steps.ts';
import {
  ListQuery,
  ProblemSchema,
  ResultQuery,
  ResultSchema,
  RunPageSchema,
  RunParams,
  RunSchema,
  StepPageSchema,
  StepsQuery,
} from '../contract.ts';
import type { Answer, Call, Route } from '../route.ts';
import { type RunReader, waitForEnd } from './reading.ts';
import { transcriptRoute } from './transcript.ts';

const DEFAULT_PAGE = 50;
const DEFAULT_STEPS = 500;

export const notFound = { 404: { description: 'No such run, or another tenant’s', schema: ProblemSchema } };

/** Returns the routes that read runs. */
export function runRoutes(db: Knex, reader: RunReader): Route[] {
  return [listRoute(db), getRoute(reader), resultRoute(reader), stepsRoute(db, reader), transcriptRoute(db, reader)];
}

function listRoute(db: Knex): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/runs',
      summary: 'List runs, the newest first',
      tag: 'Runs',
      query: ListQuery,
      answers: { 200: { description: 'A page of runs', schema: RunPageSchema } },
    },
    handle: async ({ query, tenant }) => {
      const given = query as z.output<typeof ListQuery>;
      const filter: RunFilter = {
        tenant,
        status: given.status,
        workflow: given.workflow,
        lane: given.lane,
        parentId: given.parent,
        since: given.since === undefined ? undefined : new Date(given.since),
        until: given.until === undefined ? undefined : new Date(given.until),
        q: given.q,
      };
      return { status: 200, body: await listRuns(db, filter, given.limit ?? DEFAULT_PAGE, given.cursor) };
    },
  };
}

function getRoute(reader: RunReader): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/runs/{id}',
      summary: 'Read a run',
      tag: 'Runs',
      params: RunParams,
      answers: { 200: { description: 'The run', schema: RunSchema }, ...notFound },
    },
    handle: async ({ params, tenant }) => ({ status: 200, body: await reader.get(params.id!, tenant) }),
  };
}

function resultRoute(reader: RunReader): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/runs/{id}/result',
      summary: 'Read the outcome of a run, or wait for it',
      tag: 'Runs',
      params: RunParams,
      query: ResultQuery,
      answers: {
        200: { description: 'The run has ended', schema: ResultSchema },
        202: { description: 'The run goes on', schema: ResultSchema },
        ...notFound,
      },
    },
    handle: (call) => result(reader, call),
  };
}

async function result(reader: RunReader, { params, query, tenant, signal }: Call): Promise<Answer> {
  const run = await reader.get(params.id!, tenant);
  const {
    id,
    status,
    result: value,
    error,
  } = await waitForEnd(reader, run, (query.wait as number | undefined) ?? 0, signal);
  if (isFinal(status)) return { status: 200, body: { id, status, result: value, error } };
  return { status: 202, body: { id, status } };
}

function stepsRoute(db: Knex, reader: RunReader): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/runs/{id}/steps',
      summary: 'Read the timeline of a run',
      tag: 'Runs',
      params: RunParams,
      query: StepsQuery,
      answers: {
        200: { description: 'Steps in the order in which the workflow called them', schema: StepPageSchema },
        ...notFound,
      },
    },
    handle: async ({ params, query, tenant }) => {
      const run = await reader.get(params.id!, tenant);
      const { from = 0, limit = DEFAULT_STEPS } = query as z.output<typeof StepsQuery>;
      const steps = await listSteps(db, run.id, from, limit + 1);
      return { status: 200, body: { items: steps.slice(0, limit), next: steps[limit]?.stepId ?? null } };
    },
  };
}
