// Acting on runs: cancelling, releasing, resuming, sending messages.

import { z } from 'zod';
import type { Controls } from '../../admission/control.ts';
import { isFinal } from '../../core/run.ts';
import { CancelSchema, ControlSchema, MessageSchema, ProblemSchema, RunParams } from '../contract.ts';
import { parseIdempotencyKey } from '../prefer.ts';
import type { Route } from '../route.ts';
import type { RunReader } from './reading.ts';
import { notFound } from './runs.ts';

/** Returns the routes that act on runs. */
export function controlRoutes(reader: RunReader, controls: Controls): Route[] {
  return [
    cancelRoute(reader, controls),
    releaseRoute(reader, controls),
    resumeRoute(reader, controls),
    messageRoute(reader, controls),
  ];
}

function cancelRoute(reader: RunReader, controls: Controls): Route {
  return {
    spec: {
      method: 'post',
      path: '/v1/runs/{id}/cancel',
      summary: 'Cancel a run',
      description:
        'Nothing is recorded for the run afterwards; a step that is running is told by its signal. Repeating the call changes nothing.',
      tag: 'Runs',
      params: RunParams,
      body: CancelSchema,
      bodyRequired: false,
      answers: { 200: { description: 'What the call changed', schema: ControlSchema }, ...notFound },
    },
    handle: async ({ params, body, tenant }) => {
      const run = await reader.get(params.id!, tenant);
      const changed = await controls.cancel(run, body as z.output<typeof CancelSchema>);
      const { id, status } = await reader.get(run.id, tenant);
      // It may have ended by itself in that moment. One that had ended before was to be unwound.
      const isDone = status === 'cancelled' || isFinal(run.status);
      return { status: 200, body: { id, status, changed: changed && isDone } };
    },
  };
}

function releaseRoute(reader: RunReader, controls: Controls): Route {
  return {
    spec: {
      method: 'post',
      path: '/v1/runs/{id}/release',
      summary: 'Release a held run',
      description:
        'The run goes back into its lane and goes on with its history and the code of today; it is held again if they do not fit.',
      tag: 'Runs',
      params: RunParams,
      bodyRequired: false,
      answers: {
        200: { description: 'What the call changed', schema: ControlSchema },
        409: { description: 'The run is not held', schema: ProblemSchema },
        ...notFound,
      },
    },
    handle: async ({ params, tenant }) => {
      const run = await reader.get(params.id!, tenant);
      const changed = await controls.release(run);
      const { id, status } = await reader.get(run.id, tenant);
      return { status: 200, body: { id, status, changed } };
    },
  };
}

function resumeRoute(reader: RunReader, controls: Controls): Route {
  return {
    spec: {
      method: 'post',
      path: '/v1/runs/{id}/resume',
      summary: 'Resume a cancelled or dead run',
      description:
        'The run goes back into its lane and goes on where it was stopped, with the runs below it that were stopped with it; recorded steps are not done again, and it has no deadline any more. Of a run that is under way this changes nothing.',
      tag: 'Runs',
      params: RunParams,
      bodyRequired: false,
      answers: {
        200: { description: 'What the call changed', schema: ControlSchema },
        409: { description: 'The run has ended with an outcome, or was unwound', schema: ProblemSchema },
        ...notFound,
      },
    },
    handle: async ({ params, tenant }) => {
      const run = await reader.get(params.id!, tenant);
      const changed = await controls.resume(run);
      const { id, status } = await reader.get(run.id, tenant);
      return { status: 200, body: { id, status, changed } };
    },
  };
}

function messageRoute(reader: RunReader, controls: Controls): Route {
  return {
    spec: {
      method: 'post',
      path: '/v1/runs/{id}/messages/{topic}',
      summary: 'Send a message to a run',
      description:
        'The body is the message, any JSON. It is kept until the run waits for this topic; with an `Idempotency-Key` (per run and topic) it is kept once.',
      tag: 'Runs',
      params: RunParams.extend({ topic: z.string().min(1).max(200) }),
      headers: z.object({ 'idempotency-key': z.string().min(1).max(300).optional() }),
      bodyRequired: false,
      answers: {
        202: { description: 'The message is kept for the run', schema: MessageSchema },
        409: { description: 'The run has ended', schema: ProblemSchema },
        422: {
          description: 'The message cannot be recorded, or the idempotency key belongs to another one',
          schema: ProblemSchema,
        },
        ...notFound,
      },
    },
    handle: async ({ params, body, headers, tenant }) => {
      const run = await reader.get(params.id!, tenant);
      await controls.message(run, params.topic!, body ?? null, parseIdempotencyKey(headers['idempotency-key']));
      return { status: 202, body: { id: run.id, topic: params.topic } };
    },
  };
}
