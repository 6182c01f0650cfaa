// How runs are started: keys, tenants, schemas, lanes, priorities, delays, deadlines, instances; and what is refused.

import { Desk } from '../apps/desk.ts';
import { letGo } from '../apps/curtain.ts';
import { scenario, type Scenario, single } from '../scenario.ts';

interface Started {
  id: string;
  code?: string;
}

const START = '/v1/workflows/Steps.sequence/runs';

export const STARTS: Scenario[] = [
  scenario('one key, one run', async (stage) => {
    const headers = { 'Idempotency-Key': 'one key' };
    const id = await stage.start('run', 'Steps.sequence', 2, { headers });
    await stage.ended('run');
    const again = await stage.call<Started>('POST', START, { body: 2, headers });
    stage.note('again', [again.status, again.body.id === id]);
    const reused = await stage.call<Started>('POST', START, { body: 3, headers });
    stage.note('another input', [reused.status, reused.body.code]);
    await stage.run('other tenant', 'Steps.sequence', 3, { headers: { ...headers, 'X-Tenant': 'another' } });
  }),
  scenario('one key, fifty callers', async (stage) => {
    const request = { body: 3, headers: { 'Idempotency-Key': 'fifty', Prefer: 'wait=20' } };
    const answers = await Promise.all(Array.from({ length: 50 }, () => stage.call<Started>('POST', START, request)));
    stage.named('run', answers[0]!.body.id);
    stage.note('runs', [...new Set(answers.map(({ status, body }) => `${status} ${body.id}`))]);
    await stage.ended('run');
  }),
  scenario('one key, fifty callers with two inputs', async (stage) => {
    const headers = { 'Idempotency-Key': 'two inputs', Prefer: 'respond-async' };
    const first = await stage.start('run', 'Steps.sequence', 1, { headers });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => stage.call<Started>('POST', START, { body: 1 + (n % 2), headers })),
    );
    const kinds = answers.map(({ body }) => (body.id === first ? 'the run' : String(body.code)));
    stage.note(
      'answers',
      Object.groupBy(kinds, (kind) => kind),
    );
    await stage.ended('run');
  }),
  single('an instance', 'Desk.eu.opens', { title: 'chair' }),
  single(
    'another instance, with a tenant',
    'Desk.us.opens',
    { title: 'desk', urgency: 1, tags: ['wood'] },
    {
      headers: { 'X-Tenant': 'furniture' },
    },
  ),
  scenario('starts that are refused', async (stage) => {
    const calls: [string, unknown][] = [
      ['/v1/workflows/Steps.none/runs', 1],
      ['/v1/workflows/Desk.opens/runs', { title: 'no instance' }],
      ['/v1/workflows/Desk.eu.opens/runs', { title: '', colour: 'red' }],
      ['/v1/workflows/Steps.sequence/runs?lane=nowhere', 1],
      ['/v1/workflows/Steps.sequence/runs?laen=default', 1],
      ['/v1/workflows/Steps.sequence/runs?delay=soon', 1],
    ];
    for (const [path, body] of calls) {
      const answer = await stage.call<Started>('POST', path, { body, headers: { 'X-Tenant': 'refused' } });
      stage.note(path, [answer.status, answer.body.code]);
    }
    const { body } = await stage.call<{ items: unknown[] }>('GET', '/v1/runs', { headers: { 'X-Tenant': 'refused' } });
    stage.note('runs', body.items);
  }),
  scenario('priorities in a lane with one place', async (stage) => {
    await stage.start('first', 'Desk.occupies', 'priorities');
    await stage.reached('first', 'running');
    const priorities = [9, 1, 0, 5, 1];
    for (const [n, priority] of priorities.entries()) {
      await stage.start(`n${n}`, 'Desk.queues', `priority ${n}`, { query: `priority=${priority}` });
    }
    letGo('priorities');
    for (const name of ['first', 'n0', 'n1', 'n2', 'n3', 'n4']) await stage.ended(name);
    stage.note(
      'order',
      Desk.begun.filter((name) => name.startsWith('priority')),
    );
  }),
  single('another lane', 'Steps.sequence', 1, { query: 'lane=children&priority=7' }),
  scenario('a lane with a rate', async (stage) => {
    await Promise.all(['a', 'b', 'c'].map((name) => stage.run(name, 'Desk.rated', `rated ${name}`)));
  }),
  single('a delay', 'Steps.sequence', 1, { query: 'delay=200ms' }),
  single('a deadline that is kept', 'Steps.sequence', 1, { query: 'deadline=1h' }),
  single('a deadline in a sleep', 'Waits.naps', ['20s'], { query: 'deadline=1500ms' }),
  single('a deadline in a wait', 'Waits.listens', { topics: ['a'] }, { query: 'deadline=1500ms' }),
  single('a deadline in a step', 'Waits.holding', 'deadline', { query: 'deadline=2s' }),
  single('a deadline after a delay', 'Waits.naps', ['20s'], { query: 'deadline=1500ms&delay=150ms' }),
  scenario('a deadline of a parent', async (stage) => {
    const id = await stage.start('parent', 'Branches.withSleeper', '20s', { query: 'deadline=2s' });
    await stage.ended('parent');
    stage.named('parent-child', `${id}-0`);
    await stage.ended('parent-child');
  }),
  scenario('the events of a run', async (stage) => {
    await stage.run('run', 'Steps.publishing');
    const { body } = await stage.call<string>('GET', `/v1/runs/${stage.id('run')}/events`);
    stage.note('events', body.replaceAll(/"durationMs": ?\d+/g, '"durationMs"'));
    const { body: page } = await stage.call<{ items: Record<string, unknown>[] }>(
      'GET',
      `/v1/runs/${stage.id('run')}/steps`,
    );
    stage.note(
      'steps',
      page.items.map(({ stepId, name, kind, status, attempts, output, error }) => [
        stepId,
        name,
        kind,
        status,
        attempts,
        output,
        error,
      ]),
    );
  }),
];
