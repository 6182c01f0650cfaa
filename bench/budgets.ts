// Whether budgets hold: agents that never stop, processes that are killed, and a provider that counts what it charges.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChildService, startChild } from 'holdfast/testing';
import { observedPolicies } from './budgets/policies.ts';
import { modelsOf, startProvider } from './budgets/provider.ts';
import { spendAll } from './budgets/storm.ts';
import { withCluster } from './engine/cluster.ts';
import { observe } from './engine/observer.ts';
import { type Measurement, rounded } from './measurement.ts';
import { temporaryFolder } from './temporary-folder.ts';

const EXTENTS = {
  full: { agents: 200, kills: 20, budgetUsd: 25 },
  quick: { agents: 40, kills: 4, budgetUsd: 2 },
};

export interface BudgetsBenchOptions {
  quick: boolean;
}

/** Measures what was spent beyond a budget, and looks for each policy. */
export async function benchBudgets(
  say: (line: string) => void,
  { quick }: BudgetsBenchOptions,
): Promise<Measurement[]> {
  const extent = EXTENTS[quick ? 'quick' : 'full'];
  const folder = await temporaryFolder();
  const provider = await startProvider();
  const file = join(folder, 'models.yaml');
  await writeFile(file, modelsOf(provider.server.url));
  try {
    return await withCluster(async (databaseUrl) => {
      const database = await observe(databaseUrl);
      const app = fileURLToPath(new URL('./budgets/app.js', import.meta.url));
      const env = { HOLDFAST_MODELS: file, LOG_LEVEL: 'info' };
      const start = (): Promise<ChildService> => startChild({ app, databaseUrl, env });
      const begun = performance.now();
      try {
        const { agents, kills, budgetUsd } = extent;
        say(`${agents} agents with ${budgetUsd} USD, ${kills} kills`);
        const books = await spendAll({ agents, kills, budgetUsd, start, database, say });
        const { usd, requests } = provider.charged();
        const seconds = (performance.now() - begun) / 1000;
        await database.query('DELETE FROM holdfast.budget_rules');
        say('the four policies');
        await using service = await start();
        const policies = await observedPolicies(service);
        const overspend = Math.max(0, usd - budgetUsd);
        const measurement = measurements(extent);
        return [
          measurement('overspend_usd', overspend, 'USD'),
          measurement('one_estimate_usd', books.oneEstimateUsd, 'USD'),
          measurement('overspent_beyond_estimate', overspend > books.oneEstimateUsd ? 1 : 0, 'budgets', 0),
          measurement('orphan_reservations', books.orphans, 'reservations', 0),
          measurement('agents_stopped', books.stopped, 'runs', agents),
          measurement('policies_observed', policies.length, 'policies', 4),
          measurement('charged_usd', usd, 'USD'),
          measurement('booked_usd', books.spentUsd, 'USD'),
          measurement('reserved_usd', books.reservedUsd, 'USD', 0),
          measurement('booked_less_than_charged', books.spentUsd + 1e-9 < usd ? 1 : 0, 'budgets', 0),
          measurement('lost_calls', books.lostCalls, 'calls'),
          measurement('requests', requests, 'requests'),
          measurement('kills', books.kills, 'kills', kills),
          measurement('wall_seconds', seconds, 's'),
        ];
      } finally {
        await database.end();
      }
    });
  } finally {
    await provider.server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function measurements(params: Record<string, number>) {
  return (metric: string, value: number, unit: string, mustBe?: number): Measurement => {
    const system = 'holdfast';
    const figure = {
      bench: 'budgets',
      cell: 'budgets',
      params,
      system,
      metric,
      value: rounded(value),
      unit,
      repeats: 1,
    };
    return mustBe === undefined ? figure : { ...figure, mustBe };
  };
}
