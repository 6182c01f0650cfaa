import { expect, test } from 'vitest';
import { Counter } from '../support/apps/counter.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { type Headers, Office } from './support/office.ts';
import { LinkPage } from './support/link-page.ts';

const served = serve({ services: [Counter] }, { config: { auth: 'keys' } });
const office = new Office(served);
const HOSTILE = `</pre><script>alert("x")</script>&amp;<img src=x onerror='y'>`;

async function linked(
  body: object = {},
  about: object = {},
): Promise<{ id: string; runId: string; page: LinkPage; issuer: Headers }> {
  const issuer = await office.person('iris', ['link-issuer']);
  const payment = { to: 'shop', cents: 1200 };
  const { id, runId } = await office.asked(issuer, 'Counter.buy', { payment, ...about });
  const made = await office.link(id, issuer, { for: 'ana', ...body });
  expect(made).toMatchObject({ status: 201 });
  return { id, runId, page: new LinkPage(made.body.url), issuer };
}

test('a link leads to a page that says what is asked, and looking at it decides nothing', async () => {
  const { id, page, issuer } = await linked();
  for (let look = 0; look < 3; look++) {
    const { status, text } = await page.open();
    expect(status).toBe(200);
    for (const words of ['Counter.pay', '&quot;cents&quot;: 1200', 'ana', 'iris', 'Approve', 'Reject'])
      expect(text).toContain(words);
  }
  expect((await page.open({ method: 'HEAD' })).status).toBe(200);
  expect((await office.read(id, issuer)).body).toMatchObject({ status: 'pending', votes: 0 });
});

test('the holder of a link decides once, as the person whom it is for', async () => {
  const { id, runId, page, issuer } = await linked();
  const { argumentsHash } = (await office.read(id, issuer)).body;
  const done = await page.send({ decision: 'approve', comment: 'is\r\nfine', argumentsHash });
  expect(done).toMatchObject({ status: 200, text: expect.stringContaining('You have approved this') });
  expect(await office.result(runId, issuer)).toMatchObject({ status: 'succeeded' });
  const { body } = await office.read(id, issuer);
  expect(body).toMatchObject({ status: 'approved', decidedBy: ['ana'], comment: 'is\nfine' });
  expect(body.events).toMatchObject([
    { what: 'asked' },
    { what: 'link_made', who: 'iris', recipient: 'ana', roles: ['manager'] },
    { what: 'approved', who: 'ana', via: 'link', roles: ['manager'] },
  ]);
  for (const again of [await page.open(), await page.send({ decision: 'reject', argumentsHash })])
    expect(again).toMatchObject({ status: 410, text: expect.stringContaining('This link was used') });
});

test('of many who send the form at once one decides', async () => {
  const { id, page, issuer } = await linked();
  const { argumentsHash } = (await office.read(id, issuer)).body;
  const answers = await Promise.all(
    ['approve', 'reject', 'approve', 'reject', 'approve'].map((decision) => page.send({ decision, argumentsHash })),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 410)).toHaveLength(4);
  const { events } = (await office.read(id, issuer)).body;
  expect(events.filter(({ via }) => via === 'link')).toHaveLength(1);
});

test('what others wrote is shown and not run', async () => {
  const payment = { to: HOSTILE, cents: 1, note: 'a\u202Eb\u200Bc' };
  const { page } = await linked({ for: '<b>ana</b>' }, { payment, rule: { question: `Pay ${HOSTILE}?` } });
  const { text } = await page.open();
  expect(text).not.toContain('<script');
  expect(text).not.toContain('<img');
  expect(text).not.toContain('<b>');
  expect(text).toContain('&lt;b&gt;ana&lt;/b&gt;');
  expect(text).toContain('&lt;/pre&gt;&lt;script&gt;alert(\\&quot;x\\&quot;)&lt;/script&gt;&amp;amp;');
  expect(text).toContain('a\\u{202e}b\\u{200b}c');
});

test('the page loads and runs nothing, is framed by nobody, and keeps its address to itself', async () => {
  const { page } = await linked();
  const opened = await page.open();
  const policy = opened.headers.get('content-security-policy')!;
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    expect.stringMatching(/^style-src 'sha256-[\w+/=]+'$/),
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]);
  for (const answer of [opened, await page.send({ decision: 'approve', argumentsHash: 'f'.repeat(64) })]) {
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toBe(policy);
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-frame-options')).toBe('DENY');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  }
  expect(opened.text).not.toContain(page.token);
  expect(opened.text).not.toMatch(/<script|\bon\w+=|\bstyle=|https?:/);
});

test('a form that is none decides nothing, and leaves the link as it was', async () => {
  const { id, page, issuer } = await linked();
  const { argumentsHash } = (await office.read(id, issuer)).body;
  const sent: [string | URLSearchParams, string | undefined, number][] = [
    [new URLSearchParams({ decision: 'maybe', argumentsHash }), undefined, 400],
    [new URLSearchParams({ decision: 'approve' }), undefined, 400],
    [new URLSearchParams({ decision: 'approve', argumentsHash, by: 'eve' }), undefined, 400],
    [new URLSearchParams({ decision: 'approve', argumentsHash, comment: 'a\0b' }), undefined, 400],
    [new URLSearchParams({ decision: 'approve', argumentsHash, comment: 'x'.repeat(4001) }), undefined, 400],
    [
      new URLSearchParams([...Object.entries({ decision: 'approve', argumentsHash }), ['decision', 'reject']]),
      undefined,
      400,
    ],
    [new URLSearchParams({ decision: 'approve', argumentsHash, comment: 'x'.repeat(70_000) }), undefined, 413],
    [JSON.stringify({ decision: 'approve', argumentsHash }), 'application/json', 415],
    [JSON.stringify({ decision: 'approve', argumentsHash }), 'text/plain', 415],
    ['', undefined, 415],
    ['', 'application/x-www-form-urlencoded', 400],
  ];
  for (const [body, type, status] of sent)
    expect(
      (await page.open({ method: 'POST', body, headers: type === undefined ? {} : { 'Content-Type': type } })).status,
    ).toBe(status);
  expect(await page.send({ decision: 'approve', argumentsHash: 'f'.repeat(64) })).toMatchObject({ status: 409 });
  expect((await office.read(id, issuer)).body).toMatchObject({ status: 'pending' });
  expect(await page.send({ decision: 'reject', argumentsHash })).toMatchObject({ status: 200 });
  expect((await office.read(id, issuer)).body).toMatchObject({ status: 'rejected', decidedBy: ['ana'] });
});

test('links that were not made lead nowhere', async () => {
  const { page } = await linked();
  const changed = `${page.token.slice(0, -1)}${page.token.endsWith('A') ? 'B' : 'A'}`;
  for (const token of [changed, 'x', `${page.token}A`, page.token.toUpperCase(), '%27%20OR%201=1']) {
    const forged = page.withToken(token);
    expect(await forged.open()).toMatchObject({
      status: 404,
      text: expect.stringContaining('This link leads nowhere'),
    });
    expect(await forged.send({ decision: 'approve', argumentsHash: 'f'.repeat(64) })).toMatchObject({ status: 404 });
  }
  expect((await page.withToken('%00').open()).status).toBe(400);
});

test('a link is good for its own approval only, and its page for nothing else', async () => {
  const [first, second] = [await linked(), await linked()];
  const { argumentsHash } = (await office.read(first.id, first.issuer)).body;
  expect((await first.page.send({ decision: 'approve', argumentsHash })).status).toBe(200);
  expect((await office.read(second.id, second.issuer)).body).toMatchObject({ status: 'pending' });
  const asKey = { Authorization: `Bearer ${second.page.token}` };
  expect(await office.decide(second.id, asKey, { decision: 'approve' })).toMatchObject({ status: 401 });
  for (const path of ['/approve', '/approve/', `/approve/${second.page.token}/x`, `/APPROVE/${second.page.token}`])
    expect((await served.call('GET', path)).status).toBe(401);
});

test('a link has its own time', async () => {
  const { page } = await linked({ expires: '1ms' });
  await until('its end', async () => (await page.open()).status === 410);
  const expired = { status: 410, text: expect.stringContaining('time of this link is over') };
  expect(await page.open()).toMatchObject(expired);
  expect(await page.send({ decision: 'approve', argumentsHash: 'f'.repeat(64) })).toMatchObject(expired);
});

test('after somebody else has decided, the page says so', async () => {
  const { id, page } = await linked();
  const cleo = await office.person('cleo', ['manager']);
  await office.decide(id, cleo, { decision: 'reject' });
  const { status, text } = await page.open();
  expect(status).toBe(200);
  expect(text).toContain('This is rejected, and will not be done.');
  expect(text).not.toContain('<form');
});

test('links are made by those who may, and not for who must not decide', async () => {
  const [bo, iris] = [await office.person('bo', ['manager']), await office.person('iris', ['link-issuer'])];
  const order = { payment: { to: 'shop', cents: 1 }, rule: { role: 'manager', excludeInitiator: true } };
  const { id } = await office.asked(bo, 'Counter.buy', order);
  const notHis = { status: 403, body: { code: 'link_issuer_required' } };
  expect(await office.link(id, { ...bo, 'X-Roles': 'link-issuer' }, { for: 'ana' })).toMatchObject(notHis);
  const notForHim = { status: 403, body: { code: 'approval_by_initiator' } };
  expect(await office.link(id, iris, { for: 'bo' })).toMatchObject(notForHim);
  const { id: own } = await office.asked(iris, 'Counter.buy', order);
  expect(await office.link(own, iris, { for: 'ana' })).toMatchObject(notForHim);
  expect((await office.link(id, iris, { for: 'ana' })).status).toBe(201);
});

test('a link gives the roles that it was made with', async () => {
  const { id, page, issuer } = await linked({ roles: ['clerk'] });
  const { argumentsHash } = (await office.read(id, issuer)).body;
  const refused = await page.send({ decision: 'approve', argumentsHash });
  expect(refused).toMatchObject({ status: 403, text: expect.stringContaining('This cannot be decided here') });
  expect((await page.open()).status).toBe(200);
});

test.each([
  [{}, 'invalid_body'],
  [{ for: ' ' }, 'invalid_body'],
  [{ for: 'a\0' }, 'invalid_body'],
  [{ for: 'ana', roles: ['two words'] }, 'invalid_body'],
  [{ for: 'ana', expires: 'soon' }, 'invalid_body'],
  [{ for: 'ana', expires: '0s' }, 'invalid_body'],
  [{ for: 'ana', token: 'x' }, 'invalid_body'],
])('the link %j is refused', async (body, code) => {
  const iris = await office.person('iris', ['link-issuer']);
  const { id } = await office.asked(iris, 'Counter.buy', { payment: { to: 'shop', cents: 1 } });
  expect(await office.link(id, iris, body)).toMatchObject({ status: 400, body: { code } });
});
