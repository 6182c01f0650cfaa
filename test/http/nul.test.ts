import { expect, test } from 'vitest';
import { Parcels } from '../support/apps/parcels.ts';
import { serve } from '../support/serve.ts';

const served = serve({ services: [Parcels] });
const CURSOR = Buffer.from('[1,"\\u0000"]').toString('base64url');

test.each([
  ['GET', '/v1/runs/%00', 'invalid_path'],
  ['GET', '/v1/runs/a%00b/result', 'invalid_path'],
  ['GET', '/v1/runs/%00/steps', 'invalid_path'],
  ['GET', '/v1/runs/%00/events', 'invalid_path'],
  ['POST', '/v1/runs/%00/cancel', 'invalid_path'],
  ['POST', '/v1/runs/%00/release', 'invalid_path'],
  ['POST', '/v1/runs/none/messages/%00', 'invalid_path'],
  ['POST', '/v1/workflows/%00/runs', 'invalid_path'],
  ['POST', '/v1/workflows/Parcels.echo/runs?lane=%00', 'invalid_query'],
  ['GET', '/v1/runs?workflow=%00', 'invalid_query'],
  ['GET', '/v1/runs?q=%00', 'invalid_query'],
  ['GET', '/v1/runs?lane=%00', 'invalid_query'],
  ['GET', '/v1/runs?parent=a%00', 'invalid_query'],
  ['GET', `/v1/runs?cursor=${CURSOR}`, 'invalid_cursor'],
])('%s %s is refused', async (method, path, code) => {
  const answer = await served.call(method, path);
  expect(answer).toMatchObject({ status: 400, body: { code } });
});

test('U+0000 in a failure is shown as U+FFFD, in its attempts too', async () => {
  const run = await served.run('Parcels.breaks');
  expect(run).toMatchObject({ status: 'failed', error: { code: 'with\uFFFDnul', message: 'before\uFFFDafter' } });
  expect(await served.database.query('SELECT code, message FROM holdfast.attempts ORDER BY attempt')).toEqual([
    { code: 'with\uFFFDnul', message: 'before\uFFFDafter' },
    { code: 'with\uFFFDnul', message: 'before\uFFFDafter' },
  ]);
  const { body } = await served.call('GET', `/v1/runs/${String(run.id)}/steps`);
  expect(body).toMatchObject({ items: [{ attempts: 2, error: { message: 'before\uFFFDafter' } }] });
});

test('U+0000 in an input comes back as it was', async () => {
  const input = { text: 'a\0b', '\0': ['\0'] };
  const { body } = await served.call('POST', '/v1/workflows/Parcels.echo/runs', {
    body: input,
    headers: { Prefer: 'wait=10' },
  });
  expect(body).toMatchObject({ status: 'succeeded' });
});
