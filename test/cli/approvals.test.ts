import { expect, test } from 'vitest';
import { Office } from '../http/support/office.ts';
import { LinkPage } from '../http/support/link-page.ts';
import { Counter } from '../support/apps/counter.ts';
import { serve } from '../support/serve.ts';
import { holdfast } from './support.ts';

const served = serve({ services: [Counter] });
const office = new Office(served);
const bo = { 'X-User': 'bo' };
const payment = { to: 'shop', cents: 1200, note: '\u009B31mred\u202E' };

function approvals(...args: string[]) {
  return holdfast(['approvals', ...args, '--url', served.service.url]);
}

test('what is asked is listed, shown and approved', async () => {
  expect((await approvals('list')).stdout).toBe('There are no such approvals.\n');
  const { id, runId } = await office.asked(bo, 'Counter.buy', { payment, rule: { role: 'manager', question: 'Pay?' } });
  const list = await approvals('list');
  expect(list.stdout).toMatch(new RegExp(`${id} +pending +manager +.*Pay\\?`));
  expect((await approvals('list', '--role', 'cfo')).stdout).toBe('There are no such approvals.\n');
  const { items } = JSON.parse((await approvals('list', '--run', runId, '--json')).stdout) as { items: object[] };
  expect(items).toMatchObject([{ id, initiator: 'bo' }]);

  const shown = (await approvals('show', id)).stdout;
  expect(shown).toMatch(/Pay\? {2}pending[\s\S]*started by bo[\s\S]*"cents": 1200[\s\S]*asked +bo/);
  expect(shown).toContain('\\u{9b}31mred\\u{202e}');

  const approved = await approvals('approve', id, '--comment', 'fine');
  expect(approved).toMatchObject({ code: 0, stdout: `${id} is approved.\n` });
  expect(await office.result(runId, bo)).toMatchObject({ status: 'succeeded', result: payment });
  expect((await approvals('show', id)).stdout).toMatch(/approved +local +fine/);
  const again = await approvals('approve', id);
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toContain('[approval_decided]');
  expect((await approvals('list')).stdout).toBe('There are no such approvals.\n');
  expect((await approvals('list', '--status', 'all')).stdout).toContain(id);
});

test('names that would turn around what is read beside them are written out', async () => {
  const { id } = await office.asked(bo, 'Counter.buy', { payment, rule: { quorum: 2 } });
  const { body } = await office.link(id, {}, { for: '\u202Eana' });
  const page = new LinkPage(body.url);
  const { argumentsHash } = (await office.read(id, {})).body;
  expect((await page.send({ decision: 'approve', argumentsHash })).status).toBe(200);
  const { stdout } = await approvals('show', id);
  expect(stdout).toMatch(/voted +\\u\{202e\}ana/);
  expect(stdout).not.toContain('\u202E');
});

test('a quorum says how many are missing', async () => {
  const { id } = await office.asked(bo, 'Counter.buy', { payment, rule: { quorum: 2 } });
  expect((await approvals('approve', id)).stdout).toBe(`1 of 2 have approved: ${id} waits for the others.\n`);
  expect((await approvals('list')).stdout).toMatch(new RegExp(`${id} +pending +1/2`));
});

test('other arguments are approved instead', async () => {
  const { id, runId } = await office.asked(bo, 'Counter.buy', { payment });
  const edited = { payment: { to: 'shop', cents: 5 }, rule: { role: 'manager' } };
  const { stdout } = await approvals('approve', id, '--arguments', JSON.stringify(edited), '--json');
  expect(JSON.parse(stdout)).toMatchObject({ status: 'approved', decidedArguments: edited });
  expect(await office.result(runId, bo)).toMatchObject({ result: { cents: 5 } });
  expect((await approvals('approve', id, '--arguments', '{')).stderr).toContain('It is not JSON');
});

test('what is rejected is not done', async () => {
  const { id, runId } = await office.asked(bo, 'Counter.buy', { payment });
  expect((await approvals('reject', id, '--comment', 'no')).stdout).toBe(`${id} is rejected.\n`);
  expect(await office.result(runId, bo)).toMatchObject({ status: 'failed', error: { code: 'approval_rejected' } });
});

test('what does not exist is said to, with exit code 1', async () => {
  const answer = await approvals('show', 'none');
  expect(answer).toMatchObject({ code: 1, stdout: '' });
  expect(answer.stderr).toContain('[approval_not_found]');
});
