// A storm: runs come in, messages follow, and something breaks again and again, at moments that a seed decides.

import { setTimeout as delay } from 'node:timers/promises';
import type { Fleet } from './fleet.ts';
import { mixedPlans, type Plan } from './plan.ts';
import { patientQuery } from './patient-query.ts';
import { randomFrom } from './random.ts';

export interface StormOptions {
  fleet: Fleet;
  /** The database itself, whatever lies between it and the processes. */
  url: string;
  seed: number;
  runs: number;
  faults: number;
  /** On average, from one fault to the next. */
  pauseMs: number;
  /** Breaks something; `chance` is a number in [0, 1). */
  fault: (n: number, chance: number) => unknown;
}

/** A message whose notification was lost is found by a sweep after at most a minute and a half. */
const CALM_WITHIN_MS = 100_000;

/** Rages until all runs have ended, and returns what has to be left of them. */
export async function storm(options: StormOptions): Promise<Plan[]> {
  const { fleet, url, seed, runs, faults, pauseMs, fault } = options;
  const random = randomFrom(seed);
  const submitted: Promise<Plan[]>[] = [];
  for (let n = 0; n < faults; n += 1) {
    while (submitted.length < Math.ceil((runs * (n + 1)) / faults)) {
      const submission = submit(fleet, `storm${submitted.length}`, random() * 2000);
      submission.catch(() => {});
      submitted.push(submission);
    }
    await delay(2 * pauseMs * random());
    await fault(n, random());
  }
  const plans = (await Promise.all(submitted)).flat();
  await untilCalm(url);
  return plans;
}

/** Starts a run and, at some time, sends it the message that it waits for. */
async function submit(fleet: Fleet, name: string, messageAfterMs: number): Promise<Plan[]> {
  const { body } = await fleet.call<{ id: string }>('POST', '/v1/workflows/Storm.mixed/runs', {
    body: name,
    headers: { 'Idempotency-Key': name },
  });
  await delay(messageAfterMs);
  await fleet.call('POST', `/v1/runs/${body.id}/messages/go`, { body: name, headers: { 'Idempotency-Key': name } });
  return mixedPlans(body.id, name);
}

async function untilCalm(url: string): Promise<void> {
  for (const deadline = performance.now() + CALM_WITHIN_MS; ; await delay(100)) {
    const rows = await patientQuery<{ runs: string }>(
      url,
      `SELECT id || ' ' || engine_status AS runs FROM holdfast.runs WHERE ended_at IS NULL`,
    );
    if (rows.length === 0) return;
    if (performance.now() > deadline)
      throw new Error(`${rows.length} runs did not end: ${rows.map(({ runs }) => runs).join(', ')}`);
  }
}
