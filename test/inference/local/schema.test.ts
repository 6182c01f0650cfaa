// Filled schemas always satisfy their schema, whatever it is; where no honest value exists the place is named.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Analysis } from '../../../src/inference/local/analysis.ts';
import { fillSchema } from '../../../src/inference/local/fill/fill.ts';
import { minimalValue } from '../../../src/inference/local/fill/minimal.ts';
import { accepts, type Schema } from '../../../src/inference/local/fill/schema.ts';
import { documents } from './documents.ts';

const { complaint, german, invoice, minutes } = documents;

const names = [
  'title',
  'summary',
  'dueDate',
  'total',
  'entities',
  'keywords',
  'kind',
  'amounts',
  'people',
  'isInvoice',
  'email',
  'x',
  'rating',
  'notes',
  'language',
  'sentiment',
  'wordCount',
  'id',
  'actionItems',
];
const leaf: fc.Arbitrary<z.ZodType> = fc.oneof(
  fc.record({ max: fc.integer({ min: 1, max: 60 }) }).map(({ max }) => z.string().max(max)),
  fc.constantFrom<z.ZodType>(
    z.string(),
    z.string().min(3),
    z.number(),
    z.int(),
    z.number().min(1).max(5),
    z.boolean(),
    z.iso.date(),
    z.iso.datetime(),
    z.email(),
    z.url(),
    z.uuid(),
    z.null(),
  ),
  fc.constantFrom<z.ZodType>(
    z.enum(['low', 'high']),
    z.literal('fixed'),
    z.enum(['invoice', 'email', 'other']),
    z.string().regex(/^[A-Z]{3}$/),
    z.record(z.string(), z.string()),
  ),
);
const schemas = fc.letrec<{ any: z.ZodType }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.dictionary(fc.constantFrom(...names), tie('any'), { minKeys: 1, maxKeys: 5 }).map((shape) => z.object(shape)),
    fc
      .record({ item: tie('any'), max: fc.option(fc.integer({ min: 1, max: 4 })) })
      .map(({ item, max }) => (max === null ? z.array(item) : z.array(item).max(max))),
    tie('any').map((inner) => inner.nullable()),
    tie('any').map((inner) => z.object({ value: inner.optional() })),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => z.union([a, b])),
  ),
})).any;

const analyses = [invoice, complaint, minutes, german, ''].map((document) => new Analysis(document));

test('whatever is asked for', () => {
  fc.assert(
    fc.property(schemas, fc.constantFrom(...analyses), (schema, analysis) => {
      const { value, invalid } = fillSchema(z.toJSONSchema(schema) as Schema, analysis, 'Extract.');
      expect(invalid.length > 0 || schema.safeParse(value).success, JSON.stringify(value)).toBe(true);
    }),
    { numRuns: 400, seed: 20260504 },
  );
});

test('nothing is refused where texts may be empty and numbers are free', () => {
  const easy = fc.dictionary(
    fc.constantFrom(...names),
    fc.constantFrom<z.ZodType>(
      z.string(),
      z.string().max(40),
      z.number(),
      z.int(),
      z.boolean(),
      z.enum(['a', 'b']),
      z.array(z.string()),
      z.array(z.object({ text: z.string(), type: z.string() })),
      z.iso.date().nullable(),
      z.array(z.email()),
    ),
    { minKeys: 1 },
  );
  fc.assert(
    fc.property(easy, fc.constantFrom(...analyses), (shape, analysis) => {
      const schema = z.object(shape);
      const { value, invalid } = fillSchema(z.toJSONSchema(schema) as Schema, analysis, '');
      expect(invalid).toEqual([]);
      expect(schema.safeParse(value).error).toBeUndefined();
    }),
    { numRuns: 200, seed: 11 },
  );
});

test('the emptiest value satisfies its schema, apart from patterns', () => {
  fc.assert(
    fc.property(schemas, (schema) => {
      const json = z.toJSONSchema(schema) as Schema;
      fc.pre(!JSON.stringify(json).includes('[A-Z]{3}'));
      expect(schema.safeParse(minimalValue(json, json)).success).toBe(true);
    }),
    { numRuns: 300, seed: 7 },
  );
});

test('a schema with references to itself comes to an end', () => {
  const tree: Schema = {
    type: 'object',
    properties: {
      title: { type: 'string' },
      sections: { type: 'array', items: { $ref: '#' } },
      next: { anyOf: [{ $ref: '#' }, { type: 'null' }] },
    },
    required: ['title', 'sections', 'next'],
  };
  const { value, invalid } = fillSchema(tree, analyses[2]!, '');
  expect(invalid).toEqual([]);
  expect(accepts(tree, value, tree)).toBe(true);
});

test('long texts are cut where a schema limits them, at the end of a sentence or word', () => {
  const { value } = fillSchema(
    { type: 'object', properties: { summary: { type: 'string', maxLength: 100 } }, required: ['summary'] },
    new Analysis(german),
    '',
  );
  const { summary } = value as { summary: string };
  expect(summary.length).toBeLessThanOrEqual(100);
  expect(summary).toMatch(/[.…]$/);
});

test('an enum is explained by its description', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      team: {
        enum: ['alpha', 'beta'],
        description: 'alpha: invoices and payments; beta: broken glass, damaged parcels',
      },
    },
    required: ['team'],
  };
  expect(fillSchema(schema, new Analysis(complaint), '').value).toEqual({ team: 'beta' });
});

test('without evidence an enum falls back to a catch-all, then to a middle value, then to the first', () => {
  const pick = (values: string[]) =>
    (
      fillSchema(
        { type: 'object', properties: { grade: { enum: values } }, required: ['grade'] },
        new Analysis('Hm.'),
        '',
      ).value as { grade: string }
    ).grade;
  expect(pick(['red', 'other', 'blue'])).toBe('other');
  expect(pick(['low', 'medium', 'high'])).toBe('medium');
  expect(pick(['red', 'blue'])).toBe('red');
});

test.each([
  [{ type: 'string', minLength: 2 }, 'a', false],
  [{ type: 'integer' }, 1.5, false],
  [{ type: ['string', 'null'] }, null, true],
  [{ type: 'array', items: { type: 'number' }, uniqueItems: true }, [1, 1], false],
  [{ oneOf: [{ type: 'number' }, { minimum: 3 }] }, 5, false],
  [{ type: 'object', properties: { a: {} }, additionalProperties: false }, { b: 1 }, false],
  [{ type: 'object', required: ['a'] }, {}, false],
  [{ $ref: '#/$defs/n', $defs: { n: { const: 4 } } }, 4, true],
  [{ type: 'string', format: 'date' }, '2026-5-4', false],
  [{ multipleOf: 0.1 }, 0.3, true],
] as [Schema, unknown, boolean][])('%j against %j: %s', (schema, value, expected) => {
  expect(accepts(schema, value, schema)).toBe(expected);
});
