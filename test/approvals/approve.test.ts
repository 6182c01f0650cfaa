// approve(): a workflow's own questions.

import knex from 'knex';
import { expect, test } from 'vitest';
import { Approvals } from '../../src/admission/approvals.ts';
import { approve, start, step, workflow } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import { ana, approvalsOf, asked, begin, bob, ended, models, prepare, Shop, shop } from './support/shop.ts';

class Wrong {
  @workflow()
  static async inStep(): Promise<unknown> {
    return Wrong.ask();
  }

  @step()
  static async ask(): Promise<unknown> {
    return approve('May I?').catch((error: { code: string }) => error.code);
  }
}

const served = serve({ services: [Shop, Wrong] }, { models });
const decide: typeof served.service.running.approvals.decide = (...args) =>
  served.service.running.approvals.decide(...args);

test('a question is shown with what it is about, and answered with who said what', async () => {
  prepare([]);
  const rule = { question: 'Publish it?', arguments: { at: new Date(0), page: 'home' }, role: 'manager' };
  const run = await begin(served, 'ask', rule, 'carl');
  const [approval] = await asked(served, run);
  expect(approval).toMatchObject({
    tool: null,
    question: 'Publish it?',
    arguments: { at: '1970-01-01T00:00:00.000Z', page: 'home' },
    role: 'manager',
    initiator: 'carl',
  });
  await decide(approval!.id, ana, { decision: 'approve', comment: 'Go.' });
  expect((await ended(served, run)).result).toEqual({
    outcome: 'approved',
    approved: true,
    by: ['ana'],
    comment: 'Go.',
  });
});

test('questions at the same time are answered each by itself', async () => {
  prepare([]);
  const run = await begin(served, 'askTwice', undefined);
  const [one, two] = await asked(served, run, 2);
  expect([one!.question, two!.question]).toEqual(['one', 'two']);
  await decide(two!.id, bob, { decision: 'approve' });
  await decide(one!.id, ana, { decision: 'reject' });
  expect(await ended(served, run)).toMatchObject({ result: ['ana', 'bob'] });
});

test('a tool that a workflow calls asks, and its rejection is thrown', async () => {
  prepare([]);
  const run = await begin(served, 'direct', { order: 'o1', cents: 5 });
  const [approval] = await asked(served, run);
  await decide(approval!.id, ana, { decision: 'reject', comment: 'No.' });
  expect(await ended(served, run)).toMatchObject({
    status: 'failed',
    error: { code: 'approval_rejected', details: { by: ['ana'], comment: 'No.' } },
  });
  expect(shop.refunds).toEqual([]);
});

test('who starts a run in code can be named', async () => {
  prepare([]);
  const run = await start(Shop.ask, { excludeInitiator: true }, { initiator: 'ana' });
  const [approval] = await asked(served, run.id);
  await expect(decide(approval!.id, ana, { decision: 'approve' })).rejects.toMatchObject({
    code: 'approval_by_initiator',
  });
  await decide(approval!.id, bob, { decision: 'approve' });
  expect(await run.result()).toMatchObject({ by: ['bob'] });
});

test('a rule that cannot be used fails the run, and asks nobody', async () => {
  prepare([]);
  const { body: run } = await served.call('POST', '/v1/workflows/Shop.ask/runs', { body: { roles: ['manager'] } });
  expect(await ended(served, String(run.id))).toMatchObject({ status: 'failed', error: { code: 'invalid_approval' } });
  expect(await approvalsOf(served, String(run.id))).toEqual([]);
});

test('outside of a workflow, and in a step, nobody is asked', async () => {
  await expect(approve('May I?')).rejects.toMatchObject({ code: 'not_in_workflow' });
  expect(await served.run('Wrong.inStep')).toMatchObject({ result: 'not_in_workflow' });
});

test('an answer that was given while no process ran, and of which nobody tells, is found', async () => {
  prepare([]);
  const run = await begin(served, 'ask', {});
  const [approval] = await asked(served, run);
  await served.service.stop();
  const pool = knex({ client: 'pg', connection: served.database.url });
  try {
    await new Approvals({ db: pool, tools: new Map(), onWakeUp: () => {} }).decide(approval!.id, ana, {
      decision: 'approve',
    });
  } finally {
    await pool.destroy();
  }
  await served.restart();
  expect(await ended(served, run)).toMatchObject({ result: { approved: true } });
});
