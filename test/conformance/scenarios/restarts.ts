// Runs in whose middle the service is restarted: what was recorded is replayed, and the rest is done once.

import { restarting, type Scenario } from '../scenario.ts';

const START = '/v1/workflows/Steps.sequence/runs';

const waiting: Scenario[] = [
  restarting('restarted while it waits for a message', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a', 'b', 'c'] });
    await stage.send('run', 'a', 1);
    await stage.recorded('run', 'sleep', 2);
    await stage.restart();
    await stage.send('run', 'b', 2);
    await stage.send('run', 'c', 3);
    await stage.ended('run');
  }),
  restarting('restarted with messages that are not read yet', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a', 'b', 'b'] });
    await stage.send('run', 'b', 1);
    await stage.send('run', 'b', 2);
    await stage.recorded('run', 'sleep');
    await stage.restart();
    await stage.send('run', 'a', 0);
    await stage.ended('run');
  }),
  restarting('restarted, and no message in time', async (stage) => {
    await stage.restart(async () => {
      await stage.start('run', 'Waits.listens', { topics: ['a'], timeout: '3s' });
      await stage.recorded('run', 'sleep');
    });
    await stage.ended('run');
  }),
  restarting('restarted asleep', async (stage) => {
    await stage.restart(async () => {
      await stage.start('run', 'Waits.naps', [5, '3s', 5]);
      await stage.recorded('run', 'sleep', 2);
    });
    await stage.ended('run');
  }),
  restarting('restarted in two waits at the same time', async (stage) => {
    await stage.start('run', 'Waits.both');
    await stage.send('run', 'right', 'before');
    await stage.recorded('run', 'waitFor');
    await stage.restart();
    await stage.send('run', 'left', 'after');
    await stage.ended('run');
  }),
  restarting('restarted between time and chance', async (stage) => {
    await stage.start('run', 'Waits.chances');
    await stage.recorded('run', 'sleep');
    const steps = `/v1/runs/${stage.id('run')}/steps`;
    const before = await stage.call<{ items: { output: unknown }[] }>('GET', steps);
    await stage.restart();
    await stage.send('run', 'go');
    await stage.ended('run');
    const after = await stage.call<{ items: { output: unknown }[] }>('GET', steps);
    const values = [before, after].map(({ body }) =>
      JSON.stringify(body.items.slice(0, 3).map(({ output }) => output)),
    );
    stage.note('values stay', values[0] === values[1]);
  }),
  restarting('restarted in the middle of everything', async (stage) => {
    await stage.start('run', 'Waits.everything');
    await stage.send('run', 'first', { text: 'hello' });
    await stage.recorded('run', 'Waits.mark', 3);
    await stage.send('run', 'branch%202', 2);
    await stage.recorded('run', 'Waits.mark', 4);
    await stage.restart();
    await stage.send('run', 'branch%203', 3);
    await stage.send('run', 'branch%201', 1);
    await stage.ended('run');
  }),
  restarting('restarted after many steps', async (stage) => {
    await stage.start('run', 'Waits.remembers', { steps: 220, size: 1 });
    await stage.recorded('run', 'sleep', 1, 220);
    await stage.restart();
    await stage.send('run', 'go');
    await stage.ended('run');
  }),
  restarting('restarted after a few large steps', async (stage) => {
    await stage.start('run', 'Waits.remembers', { steps: 6, size: 1_000_000 });
    await stage.recorded('run', 'sleep', 1, 6);
    await stage.restart();
    await stage.send('run', 'go');
    await stage.ended('run');
  }),
  restarting('restarted between transactions', async (stage) => {
    await stage.start('run', 'Ledger.waits', 'a');
    await stage.recorded('run', 'sleep');
    await stage.restart();
    await stage.send('run', 'a');
    await stage.ended('run');
  }),
];

const running: Scenario[] = [
  restarting('restarted in a step that ends in time', async (stage) => {
    await stage.start('run', 'Waits.interrupted');
    await stage.recorded('run', 'Waits.mark');
    await stage.restart();
    await stage.ended('run');
  }),
  restarting('restarted in a step that does not end', async (stage) => {
    await stage.start('run', 'Waits.cutOff');
    await stage.recorded('run', 'Waits.mark');
    await stage.restart();
    await stage.ended('run');
  }),
  restarting('restarted in a lane', async (stage) => {
    await stage.start('first', 'Waits.cutOff', undefined, { query: 'lane=restarts' });
    await stage.recorded('first', 'Waits.mark');
    await stage.start('second', 'Steps.sequence', 2, { query: 'lane=restarts' });
    await stage.restart();
    await stage.ended('first');
    await stage.ended('second');
  }),
  restarting('restarted before its delay is over', async (stage) => {
    await stage.restart(async () => {
      await stage.start('run', 'Steps.sequence', 2, { query: 'delay=3s' });
    });
    await stage.ended('run');
  }),
  restarting('restarted, and out of time', async (stage) => {
    await stage.restart(async () => {
      await stage.start('run', 'Waits.listens', { topics: ['a'] }, { query: 'deadline=3s' });
      await stage.recorded('run', 'sleep');
    });
    await stage.ended('run');
  }),
];

const families: Scenario[] = [
  restarting('restarted parent and child', async (stage) => {
    const id = await stage.start('parent', 'Branches.trusting');
    stage.named('listener', `${id}-0`);
    await stage.recorded('parent', 'Branches.leaf');
    await stage.recorded('listener', 'sleep');
    await stage.restart();
    await stage.send('listener', 'go', 'on');
    await stage.ended('listener');
    await stage.ended('parent');
  }),
  restarting('restarted parent of a child that ends meanwhile', async (stage) => {
    await stage.restart(async () => {
      const id = await stage.start('parent', 'Branches.withSleeper', '3s');
      stage.named('child', `${id}-0`);
      await stage.recorded('child', 'sleep');
    });
    await stage.ended('parent');
  }),
];

const controlled: Scenario[] = [
  restarting('restarted, then cancelled', async (stage) => {
    await stage.start('run', 'Waits.naps', ['20s']);
    await stage.recorded('run', 'sleep');
    await stage.restart();
    await stage.reached('run', 'running', 'waiting');
    await stage.cancel('run');
    await stage.ended('run');
  }),
  restarting('cancelled, then restarted', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a'] });
    await stage.recorded('run', 'sleep');
    await stage.cancel('run');
    await stage.restart();
    await stage.ended('run');
  }),
  restarting('ended before the restart', async (stage) => {
    const headers = { 'Idempotency-Key': 'over the restart' };
    const id = await stage.start('run', 'Steps.sequence', 4, { headers });
    await stage.ended('run');
    await stage.restart();
    const again = await stage.call('POST', START, { body: 4, headers });
    stage.note('again', [again.status, again.body.id === id]);
    await stage.ended('run');
  }),
  restarting('started after the restart', async (stage) => {
    await stage.restart();
    await stage.run('run', 'Steps.publishing');
  }),
  restarting('cancelled, then restarted and resumed', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a', 'b'], timeout: '1h' });
    await stage.send('run', 'a', 'in time');
    await stage.recorded('run', 'Waits.mark');
    await stage.cancel('run');
    await stage.restart();
    await stage.resume('run');
    await stage.send('run', 'b', 'after it');
    await stage.ended('run');
  }),
];

export const RESTARTS: Scenario[] = [...waiting, ...running, ...families, ...controlled];
