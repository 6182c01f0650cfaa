// The calls in steps of holdfast: of the model itself, or through a class.

import { createApp, model, readConfig, start, step, workflow } from 'holdfast';
import { createLog } from '../../src/observe/log.ts';
import { timed } from '../engine/steps.ts';
import { ask, type CallsTask, instant, type MakeRun, STEPS_OF_RUN } from './work.ts';

/** Limits that are kept to, and never reached. */
const PLENTY = 100_000_000;

const sinks = new Map<number, number[]>();

class Calls {
  @workflow()
  static async bare(sink: number): Promise<void> {
    for (let n = 0; n < STEPS_OF_RUN; n += 1) await timed(sinks.get(sink)!, () => Calls.askModel());
  }

  @workflow()
  static async through(sink: number): Promise<void> {
    for (let n = 0; n < STEPS_OF_RUN; n += 1) await timed(sinks.get(sink)!, () => Calls.askClass());
  }

  @step()
  static async askModel(): Promise<string> {
    return ask(instant);
  }

  @step()
  static async askClass(): Promise<string> {
    return ask(model('small'));
  }
}

/** Starts a service in this process, which ends with it. */
export async function startHoldfast({ system, databaseUrl }: CallsTask): Promise<MakeRun> {
  const endpoint = { model: instant, price: { input: 1, output: 4 }, rpm: PLENTY, tpm: PLENTY, timeout: '1m' };
  const app = createApp({
    services: [Calls],
    models: { endpoints: { first: endpoint, second: instant }, classes: { small: ['first', 'second'] } },
  });
  const environment = { DATABASE_URL: databaseUrl, PORT: '0' };
  const running = await app.start(readConfig(environment), createLog({ level: 'error', format: 'json' }));
  const budget = { scope: 'all', window: 'day', limitUsd: 1_000_000, policy: 'stop', allowUnpriced: true };
  const answer = await fetch(`${running.url}/v1/budgets/day`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(budget),
  });
  if (!answer.ok) throw new Error(`The budget was refused: ${await answer.text()}`);
  const run = system === 'holdfast' ? Calls.through : Calls.bare;
  let next = 0;
  return async (durations) => {
    const sink = next++;
    sinks.set(sink, durations);
    await (await start(run, sink)).result();
    sinks.delete(sink);
  };
}
