// Runs that wait for messages: sent before, during, after, several, repeated, wrong, or never.

import { scenario, type Scenario, single } from '../scenario.ts';

export const MESSAGES: Scenario[] = [
  scenario('a message before the wait', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a'] }, { query: 'delay=300ms' });
    await stage.send('run', 'a', { n: 1 });
    await stage.ended('run');
  }),
  scenario('a message during the wait', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a'] });
    await stage.recorded('run', 'sleep');
    await stage.send('run', 'a', { n: 1 });
    await stage.ended('run');
  }),
  scenario('a message that nobody waits for, and one after the end', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a'] });
    await stage.send('run', 'other', 'unread');
    await stage.send('run', 'a', 'read');
    await stage.ended('run');
    await stage.send('run', 'a', 'too late');
  }),
  single('no message in time', 'Waits.listens', { topics: ['a', 'b'], timeout: 30 }),
  single('no message in no time', 'Waits.listens', { topics: ['a'], timeout: 0 }),
  scenario('a message in no time', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a'], timeout: 0 }, { query: 'delay=1s' });
    await stage.send('run', 'a', 'there already');
    await stage.ended('run');
  }),
  scenario('a message within an hour', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a'], timeout: '1h' });
    await stage.recorded('run', 'sleep');
    await stage.send('run', 'a', 'in time');
    await stage.ended('run');
  }),
  scenario('several messages on one topic', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['go', 'a', 'a', 'a'], timeout: '20s' });
    for (let n = 1; n <= 4; n += 1) await stage.send('run', 'a', n);
    await stage.send('run', 'go');
    await stage.ended('run');
  }),
  scenario('messages on several topics, in another order', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a', 'b', 'c'] });
    for (const topic of ['c', 'b', 'a']) await stage.send('run', topic, topic);
    await stage.ended('run');
  }),
  scenario('messages of every JSON type', async (stage) => {
    const bodies = ['ä\u0000', 0, -1.5, true, null, undefined, [], {}, { deep: [{ a: null }] }, 'x'.repeat(100_000)];
    await stage.start('run', 'Waits.listens', { topics: bodies.map(() => 'a') });
    for (const body of bodies) await stage.send('run', 'a', body);
    await stage.ended('run');
  }),
  scenario('one message under a key, sent five times', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['go', 'a', 'a'], timeout: '20s' });
    for (let n = 0; n < 5; n += 1) await stage.send('run', 'a', n, 'key');
    await stage.send('run', 'a', 'other', 'other key');
    await stage.send('run', 'go');
    await stage.ended('run');
  }),
  scenario('a message that fits its schema', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a'], checked: true });
    await stage.send('run', 'a', { text: 'hello' });
    await stage.ended('run');
  }),
  scenario('a message that does not fit its schema', async (stage) => {
    await stage.start('run', 'Waits.listens', { topics: ['a'], checked: true });
    await stage.send('run', 'a', { text: 7, more: true });
    await stage.ended('run');
  }),
  scenario('a message that does not fit, and the next one', async (stage) => {
    await stage.start('run', 'Waits.forgiving', 'a');
    await stage.send('run', 'a', 'nonsense');
    await stage.send('run', 'a', { text: 'sense', loud: true });
    await stage.ended('run');
  }),
  scenario('two waits at the same time', async (stage) => {
    await stage.start('run', 'Waits.both');
    await stage.recorded('run', 'sleep', 2);
    await stage.send('run', 'right', 2);
    await stage.send('run', 'left', 1);
    await stage.ended('run');
  }),
  scenario('a message before a time', async (stage) => {
    await stage.start('run', 'Waits.either', 20_000);
    await stage.recorded('run', 'sleep', 2);
    await stage.send('run', 'now', 'in time');
    await stage.ended('run');
  }),
  scenario('every wait in one run', async (stage) => {
    await stage.start('run', 'Waits.everything');
    await stage.recorded('run', 'random');
    await stage.send('run', 'first', { text: 'hello' });
    await stage.recorded('run', 'Waits.mark', 3);
    for (const n of [2, 3, 1]) await stage.send('run', `branch ${n}`.replace(' ', '%20'), n);
    await stage.ended('run');
  }),
];
