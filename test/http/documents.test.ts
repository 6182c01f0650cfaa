import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { Shop } from '../support/apps/shop.ts';
import { serve } from '../support/serve.ts';

const served = serve({ services: [Shop] });

test('the OpenAPI document is valid, and has a path for each workflow', async () => {
  const { body } = await served.call<{ paths: Record<string, unknown>; openapi: string }>('GET', '/openapi.json');
  const result = await new Validator().validate(body);
  expect(result.errors ?? []).toEqual([]);
  expect(body.openapi).toBe('3.1.0');
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining(['/v1/runs/{id}/events', '/v1/workflows/Shop.order/runs', '/healthz']),
  );
});

test('the pages for people say what there is', async () => {
  const reference = await served.call<string>('GET', '/docs');
  expect(reference.headers.get('content-type')).toContain('text/html');
  expect(reference.body).toContain('/v1/runs/{id}/cancel');
  const errors = await served.call<string>('GET', '/docs/errors');
  expect(errors.body).toContain('id="idempotency_key_reused"');
});

test('the root leads to the reference', async () => {
  const answer = await fetch(served.service.url, { redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/docs']);
});

test('the service says that it lives and that it is ready', async () => {
  expect(await served.call('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
  expect(await served.call('GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'ok' } });
});

test('answers carry the headers that guard a page, and none that belongs to TLS', async () => {
  const { headers } = await served.call('GET', '/docs');
  expect(headers.get('content-security-policy')).toContain("default-src 'self'");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.has('strict-transport-security')).toBe(false);
});
