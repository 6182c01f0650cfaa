// Whether the service lives, whether it can work, and what it can do: for machines and for people.

import { readFile } from 'node:fs/promises';
import type { Knex } from 'knex';
import { z } from 'zod';
import { Unavailable } from '../../core/errors.ts';
import { ProblemSchema } from '../contract.ts';
import { referencePage, textPage } from '../docs-page.ts';
import type { Answer, Route } from '../route.ts';

const HEALTH_TIMEOUT_MS = 2000;

/** Returns the routes of `/healthz` and `/readyz`. `isStopping` turns readiness off as soon as the process begins to stop. */
export function healthRoutes(db: Knex, isStopping: () => boolean): Route[] {
  const healthy = z.object({ status: z.literal('ok') });
  return [
    {
      spec: {
        method: 'get',
        path: '/healthz',
        summary: 'Is the process alive?',
        tag: 'Operations',
        open: true,
        answers: { 200: { description: 'It is', schema: healthy } },
      },
      handle: async () => ({ status: 200, body: { status: 'ok' } }),
    },
    {
      spec: {
        method: 'get',
        path: '/readyz',
        summary: 'Can the process take requests?',
        tag: 'Operations',
        open: true,
        answers: {
          200: { description: 'It can', schema: healthy },
          503: { description: 'It stops, or its database is away', schema: ProblemSchema },
        },
      },
      handle: () => ready(db, isStopping),
    },
  ];
}

async function ready(db: Knex, isStopping: () => boolean): Promise<Answer> {
  if (isStopping())
    throw new Unavailable('stopping', 'This process is about to stop and takes no new requests: ask another one.');
  await db.raw('SELECT 1 FROM holdfast.executors LIMIT 1').timeout(HEALTH_TIMEOUT_MS);
  return { status: 200, body: { status: 'ok' } };
}

/** Returns the routes of the OpenAPI document, its reference page, and the page that explains the error codes. */
export function documentRoutes(document: object): Route[] {
  const html = { 200: { description: 'A page', mediaType: 'text/html' } };
  return [
    {
      spec: {
        method: 'get',
        path: '/',
        summary: 'The way to the reference',
        tag: 'Operations',
        open: true,
        answers: { 302: { description: 'It is at `/docs`', headers: { Location: 'The path of the reference' } } },
      },
      handle: async () => ({ status: 302, headers: { Location: '/docs' } }),
    },
    {
      spec: {
        method: 'get',
        path: '/openapi.json',
        summary: 'This API as an OpenAPI 3.1 document',
        tag: 'Operations',
        open: true,
        answers: { 200: { description: 'The document', schema: z.looseObject({ openapi: z.string() }) } },
      },
      handle: async () => ({ status: 200, body: document }),
    },
    {
      spec: {
        method: 'get',
        path: '/docs',
        summary: 'The reference of this API',
        tag: 'Operations',
        open: true,
        answers: html,
      },
      handle: async () => ({ status: 200, mediaType: 'text/html; charset=utf-8', body: referencePage(document) }),
    },
    {
      spec: {
        method: 'get',
        path: '/docs/errors',
        summary: 'What each error code means, and what to do',
        tag: 'Operations',
        open: true,
        answers: html,
      },
      handle: async () => ({
        status: 200,
        mediaType: 'text/html; charset=utf-8',
        body: textPage('Errors', await errorsText()),
      }),
    },
  ];
}

/** The text lies beside the package's code: two levels up from `src/`, three from the built `dist/src/`. */
async function errorsText(): Promise<string> {
  const candidates = ['../../../docs/errors.md', '../../../../docs/errors.md'].map(
    (path) => new URL(path, import.meta.url),
  );
  for (const candidate of candidates) {
    const text = await readFile(candidate, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return 'docs/errors.md is not part of this installation.';
}
