// Runs that are cancelled: in a step, in a lane, asleep, waiting, with children; and what comes too late.

import { until } from '../../support/until.ts';
import { isWaitedFor, letGo } from '../apps/curtain.ts';
import { scenario, type Scenario } from '../scenario.ts';

export const CANCELS: Scenario[] = [
  scenario('cancelled in a step', async (stage) => {
    await stage.start('run', 'Waits.holding', 'cancelled in a step');
    await until('the step', () => isWaitedFor('cancelled in a step'));
    await stage.cancel('run');
    await stage.cancel('run');
    await stage.ended('run');
  }),
  scenario('cancelled in a lane', async (stage) => {
    await stage.start('first', 'Waits.holding', 'cancelled in a lane', { query: 'lane=narrow' });
    await stage.recorded('first', 'Waits.mark');
    await stage.start('run', 'Steps.sequence', 1, { query: 'lane=narrow' });
    await stage.cancel('run');
    letGo('cancelled in a lane');
    await stage.ended('first');
    await stage.ended('run');
  }),
  scenario('cancelled before its delay is over', async (stage) => {
    await stage.start('run', 'Steps.sequence', 1, { query: 'delay=1h' });
    await stage.cancel('run');
    await stage.ended('run');
  }),
  scenario('cancelled asleep', async (stage) => {
    await stage.start('run', 'Waits.naps', ['20s']);
    await stage.recorded('run', 'sleep');
    await stage.cancel('run');
    await stage.ended('run');
  }),
  scenario('cancelled while it waits', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a'], timeout: '1h' });
    await stage.recorded('run', 'sleep');
    await stage.cancel('run');
    await stage.send('run', 'a', 'too late');
    await stage.ended('run');
  }),
  scenario('cancelled between transactions', async (stage) => {
    await stage.start('run', 'Ledger.waits', 'a');
    await stage.recorded('run', 'sleep');
    await stage.cancel('run');
    await stage.ended('run');
  }),
  scenario('cancelled with its child', async (stage) => {
    const id = await stage.start('parent', 'Branches.withSleeper', '20s');
    stage.named('child', `${id}-0`);
    await stage.recorded('parent', 'Branches.leaf');
    await stage.recorded('child', 'sleep');
    await stage.cancel('parent');
    await stage.ended('parent');
    await stage.ended('child');
  }),
  scenario('cancelled without its child', async (stage) => {
    const id = await stage.start('parent', 'Branches.withListener');
    stage.named('listener', `${id}-0`);
    await stage.recorded('parent', 'result');
    await stage.recorded('listener', 'sleep');
    await stage.cancel('parent', { children: false });
    await stage.ended('parent');
    await stage.send('listener', 'go', 'on');
    await stage.ended('listener');
  }),
  scenario('a child is cancelled', async (stage) => {
    // The parent may hear of it only when the child would have awoken.
    const id = await stage.start('parent', 'Branches.withSleeper', '2s');
    stage.named('child', `${id}-0`);
    await stage.recorded('parent', 'Branches.leaf');
    await stage.recorded('child', 'sleep');
    await stage.cancel('child');
    await stage.ended('child');
    await stage.ended('parent');
  }),
  scenario('cancelled after the end', async (stage) => {
    await stage.run('run', 'Steps.sequence', 1);
    await stage.cancel('run');
    await stage.ended('run');
  }),
  // A run that was cancelled in memory goes on there on the SDK's own engine, beside the one that was resumed.
  scenario('resumed before it began', async (stage) => {
    await stage.start('run', 'Steps.sequence', 2, { query: 'delay=1h' });
    await stage.cancel('run');
    await stage.resume('run');
    await stage.ended('run');
    await stage.resume('run');
  }),
];
