// Starting runs: the same call for the three patterns. The caller waits for the answer, or follows the run later.

import type { Submissions, SubmitOptions } from '../../admission/submit.ts';
import { isFinal } from '../../core/run.ts';
import type { Run } from '../../views/runs.ts';
import { ProblemSchema, RunSchema, RunSummarySchema, StartHeaders, StartQuery } from '../contract.ts';
import { z } from 'zod';
import { parseIdempotencyKey, parsePrefer } from '../prefer.ts';
import type { Answer, Call, Route } from '../route.ts';
import { type RunReader, summaryOf, waitForEnd } from './reading.ts';

interface Query {
  lane?: string;
  priority?: number;
  delay?: number;
  deadline?: number;
}

/** Returns the route that starts runs. */
export function startRoute(submissions: Submissions, reader: RunReader): Route {
  return {
    spec: {
      method: 'post',
      path: '/v1/workflows/{name}/runs',
      summary: 'Start a run',
      description:
        'The body is the workflow’s input. With `Prefer: wait=N` the answer is the finished run, if it ends within N seconds (30 at most). ' +
        'With an `Idempotency-Key`, a repeated call attaches to the same run, whatever its state; nothing is done twice.',
      tag: 'Runs',
      params: z.strictObject({ name: z.string().min(1).max(200) }),
      query: StartQuery,
      headers: StartHeaders,
      bodyRequired: false,
      answers: {
        200: {
          description: 'The run has ended: succeeded, failed or cancelled',
          schema: RunSchema,
          headers: { Location: 'The run', 'Preference-Applied': 'The wait that was honoured' },
        },
        202: {
          description: 'The run is recorded and goes on',
          schema: RunSummarySchema,
          headers: { Location: 'The run', 'Preference-Applied': 'The preference that was honoured' },
        },
        404: { description: 'No such workflow', schema: ProblemSchema },
        422: {
          description: 'The input does not fit, or the idempotency key belongs to another input',
          schema: ProblemSchema,
        },
      },
    },
    handle: (call) => start(submissions, reader, call),
  };
}

async function start(submissions: Submissions, reader: RunReader, call: Call): Promise<Answer> {
  const { waitSeconds, applied } = parsePrefer(call.headers.prefer);
  const args = call.body === undefined ? [] : [call.body];
  const submitted = await submissions.submit(call.params.name!, args, optionsOf(call));
  call.bodyDone();
  const run = await reader.get(submitted.id, undefined);
  const settled = await waitForEnd(reader, run, waitSeconds, call.signal);
  return {
    status: isFinal(settled.status) ? 200 : 202,
    headers: headersOf(settled, applied),
    body: isFinal(settled.status) ? settled : summaryOf(settled),
  };
}

function optionsOf(call: Call): SubmitOptions {
  const query = call.query as Query;
  return {
    idempotencyKey: parseIdempotencyKey(call.headers['idempotency-key']),
    lane: query.lane,
    priority: query.priority,
    delayMs: query.delay,
    timeoutMs: query.deadline,
    tenant: call.tenant,
    initiator: call.person?.name,
  };
}

function headersOf(run: Run, applied: string | undefined): Record<string, string> {
  const headers: Record<string, string> = { Location: `/v1/runs/${encodeURIComponent(run.id)}` };
  if (applied) headers['Preference-Applied'] = applied;
  return headers;
}
