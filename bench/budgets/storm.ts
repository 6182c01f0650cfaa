// Many agents that never stop under one budget, on two processes that are killed again and again, until the budget is spent.

import { setTimeout as delay } from 'node:timers/promises';
import type { ChildService } from 'holdfast/testing';
import type pg from 'pg';
import { Places } from '../money/places.ts';
import { randomFrom } from '../money/random.ts';

const SEED = 20_261_121;
/** From one kill to the next, on average. */
const PAUSE_MS = 400;
const PATIENCE_MS = 30_000;
const ENDS_WITHIN_MS = 300_000;

export interface Storm {
  agents: number;
  kills: number;
  budgetUsd: number;
  start: () => Promise<ChildService>;
  database: pg.Client;
  say: (line: string) => void;
}

/** What the books say once all agents have ended. Dollars. */
export interface Books {
  kills: number;
  /** How many agents ended because the budget was spent. */
  stopped: number;
  spentUsd: number;
  reservedUsd: number;
  /** Calls that are neither settled nor lost, and counters with something reserved. */
  orphans: number;
  lostCalls: number;
  /** The most that a call was taken for. */
  oneEstimateUsd: number;
}

/** Has the agents spend the budget. */
export async function spendAll(storm: Storm): Promise<Books> {
  const places = new Places(storm.start);
  try {
    await places.open();
    const body = { scope: 'all', window: 'total', limitUsd: storm.budgetUsd, policy: 'stop' };
    await places.ready[0]!.call('PUT', '/v1/budgets/all', { body });
    await Promise.all(Array.from({ length: storm.agents }, (_, n) => submit(places, `agent ${n}`)));
    const random = randomFrom(SEED);
    for (let n = 1; n <= storm.kills; n += 1) {
      await delay(2 * PAUSE_MS * random());
      await places.kill(random());
    }
    await untilEnded(storm);
    return { ...(await books(storm.database)), kills: places.kills };
  } finally {
    await places.close();
  }
}

async function submit(places: Places<ChildService>, key: string): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await delay(50)) {
    const [executor] = places.ready;
    const options = { headers: { 'Idempotency-Key': key } };
    const answer = await executor?.call('POST', '/v1/workflows/Spenders.readOn/runs', options).catch(() => undefined);
    if (answer && answer.status < 300) return;
  }
  throw new Error(`No process took ${key}.`);
}

/** Also what was reserved has to be free by then: a process counts about once a second. */
async function untilEnded({ database, say, agents }: Storm): Promise<void> {
  for (const deadline = performance.now() + ENDS_WITHIN_MS; ; await delay(200)) {
    const { rows } = await database.query<{ left: number; open: number }>(
      `SELECT (SELECT count(*)::integer FROM holdfast.runs WHERE workflow = 'Spenders.readOn' AND ended_at IS NULL) AS left,
              (SELECT count(*)::integer FROM holdfast.model_calls WHERE NOT is_counted) AS open`,
    );
    const { left, open } = rows[0]!;
    if (left === 0 && open === 0) return;
    if (performance.now() < deadline) continue;
    say(`Of ${agents} agents ${left} go on, and ${open} calls are not counted.`);
    return;
  }
}

async function books(database: pg.Client): Promise<Omit<Books, 'kills'>> {
  const { rows } = await database.query<Omit<Books, 'kills'>>(
    `SELECT (SELECT count(*)::integer FROM holdfast.runs
              WHERE workflow = 'Spenders.readOn' AND error ->> 'code' = 'budget_exceeded') AS stopped,
            (SELECT count(*)::integer FROM holdfast.model_calls WHERE state = 'reserved')
              + (SELECT count(*)::integer FROM holdfast.budgets WHERE reserved_usd <> 0 OR reserved_tokens <> 0) AS orphans,
            (SELECT sum(spent_usd)::float8 FROM holdfast.budgets WHERE name = 'all') AS "spentUsd",
            (SELECT sum(reserved_usd)::float8 FROM holdfast.budgets WHERE name = 'all') AS "reservedUsd",
            (SELECT count(*)::integer FROM holdfast.model_calls WHERE state = 'lost') AS "lostCalls",
            (SELECT max(estimated_usd)::float8 FROM holdfast.model_calls) AS "oneEstimateUsd"`,
  );
  return rows[0]!;
}
