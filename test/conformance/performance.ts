// Plays scenarios on one service, many at the same time, with one restart that they share, and returns what is left of each.

import { createApp } from '../../src/index.ts';
import { startService, type TestService } from '../../src/testing/service.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { CONFORMANCE_APP } from './apps/app.ts';
import { takeBodies } from './apps/bodies.ts';
import { closeGates, letGo, STOPPING } from './apps/curtain.ts';
import { Desk } from './apps/desk.ts';
import type { Recording } from './compare.ts';
import { Interval } from './interval.ts';
import { normaliseTable, normaliseText, type Row, type Surroundings } from './normalise.ts';
import type { Scenario } from './scenario.ts';
import { PlayedStage } from './stage.ts';
import { readTables, type Table } from './tables.ts';

type EngineKind = 'stock' | 'holdfast';

/** Which engine the service starts on, and which one after the restart. */
export type Cast = readonly [first: EngineKind, second: EngineKind];

/** What is left when all is over: by scenario, and what belongs to none. */
export interface Performance {
  scenarios: ReadonlyMap<string, Recording>;
  service: Recording;
  /** What went wrong in which scenario. */
  failures: ReadonlyMap<string, unknown>;
}

/** Bodies that are cut off must not hold the test up. */
const GRACE_MS = 400;
/** So few that none of them has to wait long for the processor. */
const PLAYED_AT_ONCE = 12;

/** Plays `scenarios` on a new database. */
export async function perform(scenarios: readonly Scenario[], cast: Cast): Promise<Performance> {
  closeGates();
  takeBodies();
  Desk.begun.length = 0;
  const database = await freshDatabase('conformance');
  try {
    return await performOn(database, scenarios, cast);
  } finally {
    await database.drop();
  }
}

async function performOn(
  database: TestDatabase,
  scenarios: readonly Scenario[],
  [first, second]: Cast,
): Promise<Performance> {
  const begun = Date.now();
  let service = await serveOn(database, first);
  const interval = new Interval(scenarios.filter(({ restarts }) => restarts).length, async () => {
    letGo(STOPPING);
    await service.stop();
    service = await serveOn(database, second);
  });
  const stages = scenarios.map((scenario) => new PlayedStage(scenario.name, () => service, interval));
  const failures = await playAll(scenarios, stages, interval);
  await service.stop();
  const tables = await readTables(database);
  const names = new Map(stages.flatMap((stage) => stage.names()));
  const surroundings: Surroundings = { names, begun, ended: Date.now() };
  return { ...divide([...tables, bodiesTable()], stages, surroundings), failures };
}

/** Plays a few at a time those that no restart interrupts, and then the others all at once, because they wait for each other. */
async function playAll(
  scenarios: readonly Scenario[],
  stages: readonly PlayedStage[],
  interval: Interval,
): Promise<Map<string, unknown>> {
  const failures = new Map<string, unknown>();
  const play = async (scenario: Scenario): Promise<void> => {
    const stage = stages[scenarios.indexOf(scenario)]!;
    await scenario.play(stage).catch((error: unknown) => failures.set(scenario.name, error));
    if (scenario.restarts) interval.leave();
  };
  const waiting = scenarios.filter(({ restarts }) => !restarts);
  const playSeveral = async (): Promise<void> => {
    for (let scenario = waiting.shift(); scenario; scenario = waiting.shift()) await play(scenario);
  };
  await Promise.all(Array.from({ length: PLAYED_AT_ONCE }, playSeveral));
  await Promise.all(scenarios.filter(({ restarts }) => restarts).map(play));
  return failures;
}

function serveOn(database: TestDatabase, engine: EngineKind): Promise<TestService> {
  return startService({
    app: createApp(CONFORMANCE_APP),
    databaseUrl: database.url,
    config: { engine, graceMs: GRACE_MS, logLevel: 'fatal' },
  });
}

function bodiesTable(): Table {
  const rows = [...takeBodies()].map(([body, times]) => ({ body, times }));
  return { name: 'bodies that ran', key: ['body'], rows };
}

/** Gives each scenario the rows of its runs. A row belongs to the scenario whose run its key begins with. */
function divide(
  tables: Table[],
  stages: PlayedStage[],
  surroundings: Surroundings,
): Pick<Performance, 'scenarios' | 'service'> {
  const service: Recording = {};
  const scenarios = new Map<string, Recording>(stages.map((stage) => [stage.scenario, {}]));
  for (const table of tables) {
    for (const row of normaliseTable(table, surroundings)) {
      const owner = stages.find((stage) => row.key.startsWith(stage.prefix));
      const recording = owner ? scenarios.get(owner.scenario)! : service;
      (recording[table.name] ??= []).push(row);
    }
  }
  for (const stage of stages) scenarios.get(stage.scenario)!['what callers saw'] = notesOf(stage, surroundings);
  return { scenarios, service };
}

function notesOf(stage: PlayedStage, surroundings: Surroundings): Row[] {
  return stage.notes.map(([what, value]) => ({
    key: what,
    values: { value: normaliseText(JSON.stringify(value) ?? 'undefined', surroundings) },
  }));
}
