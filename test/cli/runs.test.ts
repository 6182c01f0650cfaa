import { expect, test } from 'vitest';
import { Shop } from '../support/apps/shop.ts';
import { heldRun } from '../support/hold.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { holdfast } from './support.ts';

const served = serve({ services: [Shop] });

function runs(...args: string[]) {
  return holdfast(['runs', ...args, '--url', served.service.url]);
}

test('runs are listed, as a table and as JSON', async () => {
  expect((await runs('list')).stdout).toBe('There are no such runs.\n');
  const run = await served.run('Shop.order', { item: 'tea' });
  const table = await runs('list');
  expect(table.stdout).toContain(String(run.id));
  expect(table.stdout).toContain('Shop.order');
  const created = String(run.createdAt).slice(0, 19).replace('T', ' ');
  expect(table.stdout).toMatch(new RegExp(`CREATED \\(UTC\\)[\\s\\S]*${created}`));
  const { items } = JSON.parse((await runs('list', '--json')).stdout) as { items: { id: string }[] };
  expect(items.map((item) => item.id)).toEqual([run.id]);
  expect((await runs('list', '--status', 'failed')).stdout).toBe('There are no such runs.\n');
});

test('a run is shown with its steps and its outcome', async () => {
  const done = await served.run('Shop.order', { item: 'tea' });
  const shown = await runs('show', String(done.id));
  expect(shown.stdout).toMatch(/Shop\.order {2}succeeded[\s\S]*Shop\.price[\s\S]*Shop\.store[\s\S]*"total": 3/);
  const failed = await served.run('Shop.fails');
  expect((await runs('show', String(failed.id))).stdout).toContain('broken: attempt 3 broke');
});

test('a run is followed until it ends', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Shop.verbs/runs');
  const tail = runs('tail', String(body.id));
  await served.call('POST', `/v1/runs/${String(body.id)}/messages/greeting`, { body: { text: 'hi' } });
  const { code, stdout } = await tail;
  expect(code).toBe(0);
  expect(stdout).toMatch(/waitFor greeting {2}succeeded/);
  expect(stdout).toContain('{"heard":"hi"}');
  expect(stdout.trimEnd()).toMatch(/status {4}succeeded$/);
});

test('a run is cancelled once', async () => {
  const { body } = await served.call('POST', '/v1/workflows/Shop.holds/runs', { body: 'cli' });
  await until('the step', () => Shop.held.get('cli'));
  Shop.held.get('cli')!.promise.catch(() => {});
  expect((await runs('cancel', String(body.id))).stdout).toBe(`Run ${String(body.id)} is cancelled.\n`);
  expect((await runs('cancel', String(body.id))).stdout).toBe(
    `Nothing to cancel: run ${String(body.id)} is cancelled.\n`,
  );
});

test('a held run is listed, shown with its reason, and released', async () => {
  const id = await heldRun(served, 'held');
  expect((await runs('list', '--status', 'held')).stdout).toMatch(
    new RegExp(`${id} +held .*Shop\\.holds {2}\\(nondeterminism\\)`),
  );
  expect((await runs('show', id)).stdout).toContain("held     Step 0 ('Shop.hold') was done twice");
  expect(await runs('release', id)).toMatchObject({ code: 0, stdout: `Run ${id} goes on.\n` });
  const ended = await served.call('GET', `/v1/runs/${id}/result?wait=20`);
  expect(ended.body).toMatchObject({ status: 'succeeded', result: 4 });
  const again = await runs('release', id);
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toContain('[run_not_held]');
});

test('what does not exist is said to, with exit code 1', async () => {
  const answer = await runs('show', 'none');
  expect(answer).toMatchObject({ code: 1, stdout: '' });
  expect(answer.stderr).toBe("holdfast: There is no run 'none'. [run_not_found]\n");
});
