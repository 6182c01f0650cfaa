// Runs that begin with what another one recorded: after steps, after transactions, with children, and asleep.

import { scenario, type Scenario } from '../scenario.ts';

export const FORKS: Scenario[] = [
  scenario('forked after two of five steps', async (stage) => {
    await stage.run('run', 'Steps.sequence', 5);
    await stage.fork('run', 'copy', 2);
    await stage.ended('copy');
  }),
  scenario('forked from the beginning', async (stage) => {
    await stage.run('run', 'Steps.sequence', 2);
    await stage.fork('run', 'copy', 0);
    await stage.ended('copy');
  }),
  scenario('forked at its end', async (stage) => {
    await stage.run('run', 'Steps.sequence', 2);
    await stage.fork('run', 'copy', 2);
    await stage.ended('copy');
  }),
  scenario('forked between transactions', async (stage) => {
    await stage.run('run', 'Ledger.commits', ['a', 'b', 'c']);
    await stage.fork('run', 'copy', 1);
    await stage.ended('copy');
  }),
  scenario('forked while it waits, and each gets its own message', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a', 'b'], timeout: '1h' });
    await stage.send('run', 'a', 'first');
    await stage.recorded('run', 'waitFor');
    await stage.fork('run', 'copy', 2);
    await stage.send('copy', 'b', 'for the copy');
    await stage.ended('copy');
    await stage.send('run', 'b', 'for the run');
    await stage.ended('run');
  }),
  scenario('a fork of a fork', async (stage) => {
    await stage.run('run', 'Steps.sequence', 4);
    await stage.fork('run', 'copy', 3);
    await stage.ended('copy');
    await stage.fork('copy', 'second copy', 1);
    await stage.ended('second copy');
  }),
];
