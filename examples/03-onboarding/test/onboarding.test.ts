import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startService, type TestService } from 'holdfast/testing';
import { until } from '../../../test/support/until.ts';
import app from '../app.ts';
import type { Mail } from '../office-client.ts';
import { Office, serveOffice } from '../office.ts';

const ADA = { name: 'Ada', email: 'ada@example.com', manager: 'maria@example.com' };

let service: TestService;
let server: Server;
let office: Office;
let mails: Mail[];

beforeAll(async () => {
  service = await startService({ app });
});

afterAll(() => service?.stop());

beforeEach(async () => {
  mails = [];
  office = new Office((mail) => mails.push(mail));
  server = await serveOffice(office, 0);
  vi.stubEnv('OFFICE_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(() => server.close());

async function onboard(): Promise<string> {
  const { body } = await service.call('POST', '/v1/workflows/Onboarding.onboard/runs', { body: ADA });
  return String(body.id);
}

/** The link in the mail to somebody, once that has come. */
async function linkFor(person: string): Promise<string> {
  const mail = await until(`a mail to ${person}`, () =>
    mails.find(({ to, text }) => to === person && text.includes('http')),
  );
  return /http\S+/.exec(mail.text)![0];
}

/** Opens the page behind the link, as a person does, and sends its form. */
async function answer(link: string, decision: string, comment = ''): Promise<Response> {
  const page = await (await fetch(link)).text();
  const [, argumentsHash = ''] = /name="argumentsHash" value="(\w+)"/.exec(page) ?? [];
  return fetch(link, { method: 'POST', body: new URLSearchParams({ decision, comment, argumentsHash }) });
}

async function resultOf(id: string): Promise<Record<string, any>> {
  return (await service.call<Record<string, any>>('GET', `/v1/runs/${id}/result?wait=20`)).body;
}

test('three days: the manager approves by the link, Ada answers the next evening', async () => {
  const id = await onboard();
  const link = await linkFor('maria@example.com');
  await service.skipTime('5h');
  expect((await answer(link, 'approve', 'Welcome!')).status).toBe(200);
  await until('access', () => office.list('grants').length === 1);
  await service.skipTime('48h');
  await until('the question', () => mails.some(({ text }) => text.includes('stars')));
  await service.skipTime('19h');
  await service.call('POST', `/v1/runs/${id}/messages/feedback`, { body: { stars: 5 } });
  expect(await resultOf(id)).toMatchObject({
    status: 'succeeded',
    result: { access: 'approved', decidedBy: ['maria@example.com'], feedback: { stars: 5 } },
  });
  expect(mails.map(({ to }) => to)).toEqual(['ada@example.com', 'maria@example.com', 'ada@example.com']);
  expect((await answer(link, 'reject')).status).toBe(410);
});

test('a manager on holiday: the question goes to the director, who says no, and nobody tells how it went', async () => {
  const id = await onboard();
  const late = await linkFor('maria@example.com');
  await service.skipTime('49h');
  const link = await linkFor('director@example.com');
  expect((await answer(late, 'approve')).status).toBe(410);
  expect((await answer(link, 'reject', 'Not yet.')).status).toBe(200);
  await service.skipTime('48h');
  await until('the question', () => mails.some(({ text }) => text.includes('stars')));
  await service.skipTime('25h');
  expect(await resultOf(id)).toMatchObject({
    status: 'succeeded',
    result: { access: 'rejected', decidedBy: ['director@example.com'], feedback: null },
  });
  expect(office.list('grants')).toEqual([]);
});

test('nobody decides: there is no access, and no harm done', async () => {
  const id = await onboard();
  await linkFor('maria@example.com');
  await service.skipTime('49h');
  await linkFor('director@example.com');
  await service.skipTime('25h');
  await service.skipTime('48h');
  await service.skipTime('25h');
  expect(await resultOf(id)).toMatchObject({ status: 'succeeded', result: { access: 'expired', decidedBy: [] } });
});

test('an onboarding that is called off takes back what was made', async () => {
  const id = await onboard();
  const link = await linkFor('maria@example.com');
  await answer(link, 'approve');
  await until('access', () => office.list('grants').length === 1);
  await service.call('POST', `/v1/runs/${id}/cancel`, { body: { unwind: true } });
  const unwinding = `/v1/runs/${id}-unwind`;
  // A mail was sent that nobody can take back: whether to go past it is for a person to say.
  await until('the question', async () => (await service.call('GET', unwinding)).body.status === 'held');
  expect([office.list('grants'), office.list('accounts')]).toEqual([[], [{ email: 'ada@example.com' }]]);
  await service.call('POST', `${unwinding}/release`);
  await until('the end', async () => (await service.call('GET', unwinding)).body.status === 'succeeded');
  expect(office.list('accounts')).toEqual([]);
});
