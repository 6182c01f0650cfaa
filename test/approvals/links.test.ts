// Links: each for one person, one question and one answer.

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { LinkRequest } from '../../src/admission/approvals.ts';
import { createKey, personOf } from '../../src/admission/keys.ts';
import type { Person } from '../../src/core/person.ts';
import { start } from '../../src/index.ts';
import { serve } from '../support/serve.ts';
import {
  ana,
  approvalsOf,
  type Asked,
  asked,
  audit,
  begin,
  bob,
  codeOf,
  ended,
  models,
  person,
  prepare,
  Shop,
} from './support/shop.ts';

const served = serve({ services: [Shop] }, { models });
const issuer = person('issuer', 'link-issuer');

async function question(rule: object, user?: string): Promise<{ run: string; approval: Asked }> {
  prepare([]);
  const run = await begin(served, 'ask', rule, user);
  const [approval] = await asked(served, run);
  return { run, approval: approval! };
}

const desk = () => served.service.running.approvals;
const link = (approval: Asked, request: LinkRequest, by: Person | 'notify' = issuer) =>
  desk().makeLink(approval.id, by, request);

test('a link is used once, by whoever it is for, with the roles that it gives', async () => {
  const { run, approval } = await question({ role: 'manager' });
  const { token, expiresAt } = await link(approval, { for: ' ana ', expires: '1h' });
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(expiresAt.getTime() - Date.now()).toBeLessThanOrEqual(3_600_000);
  for (const _twice of [1, 2]) {
    expect(await desk().lookAt(token)).toEqual({ approvalId: approval.id, person: ana });
  }
  const codes = await Promise.all([1, 2, 3].map(() => codeOf(desk().decideByLink(token, { decision: 'approve' }))));
  expect(codes.sort()).toEqual(['accepted', 'link_used', 'link_used']);
  expect(await codeOf(desk().lookAt(token))).toBe('link_used');
  expect(await ended(served, run)).toMatchObject({ result: { outcome: 'approved', by: ['ana'] } });
  expect(await audit(served, approval.id)).toMatchObject([
    { what: 'asked' },
    { what: 'link_made', who: 'issuer', recipient: 'ana', roles: ['manager'] },
    { what: 'approved', who: 'ana', roles: ['manager'], via: 'link' },
  ]);
});

test('only a hash of the token is kept', async () => {
  const { approval } = await question({});
  const { token } = await link(approval, { for: 'ana' });
  const rows = await served.database.query<{ hash: string; row: string }>(
    `SELECT encode(token_hash, 'hex') AS hash, l::text AS row FROM holdfast.approval_links l WHERE approval_id = $1`,
    [approval.id],
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]!.hash).toBe(createHash('sha256').update(token).digest('hex'));
  expect(rows[0]!.row).not.toContain(token);
});

test('a refused answer does not use the link up, and each person of a quorum has a link of their own', async () => {
  const { run, approval } = await question({ role: 'manager', quorum: 2, arguments: 1 });
  const first = await link(approval, { for: 'ana' });
  const again = await link(approval, { for: 'ana' });
  const second = await link(approval, { for: 'bob' });
  const wrong = await link(approval, { for: 'eve', roles: ['director'] });
  expect(await codeOf(desk().decideByLink(wrong.token, { decision: 'approve' }))).toBe('approval_role_required');
  const stale = { decision: 'approve', argumentsHash: '0'.repeat(64) } as const;
  expect(await codeOf(desk().decideByLink(first.token, stale))).toBe('approval_changed');
  await desk().decideByLink(first.token, { decision: 'approve' });
  expect(await codeOf(desk().decideByLink(again.token, { decision: 'approve' }))).toBe('approval_voted');
  await desk().decideByLink(second.token, { decision: 'approve' });
  expect(await ended(served, run)).toMatchObject({ result: { by: ['ana', 'bob'] } });
  expect(await codeOf(desk().decideByLink(again.token, { decision: 'reject' }))).toBe('approval_decided');
});

test('links that are guessed, cut or too old are refused', async () => {
  const { run, approval } = await question({});
  const { token } = await link(approval, { for: 'ana', expires: '1h' });
  for (const guess of ['', 'x', token.slice(1), `${token}x`, 'A'.repeat(43), `${token.slice(0, 42)}\0`]) {
    expect(await codeOf(desk().lookAt(guess))).toBe('link_not_found');
    expect(await codeOf(desk().decideByLink(guess, { decision: 'approve' }))).toBe('link_not_found');
  }
  await served.service.skipTime('1h');
  expect(await codeOf(desk().lookAt(token))).toBe('link_expired');
  expect(await codeOf(desk().decideByLink(token, { decision: 'approve' }))).toBe('link_expired');
  expect(await approvalsOf(served, run)).toMatchObject([{ status: 'pending' }]);
});

test('a link ends with the time to decide, and is none to what it is put to others for', async () => {
  const { approval } = await question({ expires: '1h', escalate: { role: 'director', expires: '1h' } });
  const { token, expiresAt } = await link(approval, { for: 'ana', expires: '999999999999d' });
  expect(expiresAt.getTime() - Date.now()).toBeLessThanOrEqual(3_600_000);
  await served.service.skipTime('1h');
  expect(await codeOf(desk().decideByLink(token, { decision: 'approve' }))).toBe('link_expired');
});

test('who makes links is looked at, and nobody gets around the exclusion of the initiator with one', async () => {
  const { approval } = await question({ excludeInitiator: true }, 'carl');
  expect(await codeOf(link(approval, { for: 'ana' }, bob))).toBe('link_issuer_required');
  expect(await codeOf(link(approval, { for: 'carl' }))).toBe('approval_by_initiator');
  expect(await codeOf(link(approval, { for: ' carl ' }, 'notify'))).toBe('approval_by_initiator');
  expect(await codeOf(link(approval, { for: 'ana' }, person('carl', 'link-issuer')))).toBe('approval_by_initiator');
  for (const name of ['', '  ', 'nul\0', 'x'.repeat(201)]) {
    expect(await codeOf(link(approval, { for: name }))).toBe('invalid_link');
  }
  expect(await codeOf(link(approval, { for: 'ana', roles: ['the boss'] }))).toBe('invalid_role');
  expect(await codeOf(link(approval, { for: 'ana', expires: 'soon' }))).toBe('invalid_duration');
  expect(await audit(served, approval.id)).toHaveLength(1);
  await link(approval, { for: 'ana' }, { ...bob, roles: 'all' });
  await desk().decide(approval.id, ana, { decision: 'approve' });
  expect(await codeOf(link(approval, { for: 'ana' }))).toBe('approval_decided');
});

test('a name is the same in whichever of its spellings in Unicode it comes', async () => {
  const [composed, decomposed] = ['Jos\u00e9', 'Jose\u0301'];
  prepare([]);
  const run = await start(Shop.ask, { excludeInitiator: true, quorum: 2 }, { initiator: `${decomposed} ` });
  const [approval] = await asked(served, run.id);
  expect(approval!.initiator).toBe(composed);
  for (const name of [composed, decomposed]) {
    expect(await codeOf(link(approval!, { for: name }))).toBe('approval_by_initiator');
  }
  const { token } = await link(approval!, { for: 'Zo\u0308e' });
  expect(await desk().lookAt(token)).toMatchObject({ person: { name: 'Z\u00f6e' } });
  const { transactions } = served.service.running.database;
  const { key } = await createKey(transactions, { tenant: 'default', name: ' Zo\u0308e ' });
  expect(await personOf(transactions, key)).toMatchObject({ name: 'Z\u00f6e' });
});
