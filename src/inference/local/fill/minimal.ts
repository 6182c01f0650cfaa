// The emptiest value that a schema allows: '', 0, false, [], null, and an object with its required properties only.

import { accepts, resolved, typesOf, type Schema } from './schema.ts';

const deepest = 12;

/**
 * The emptiest value that the schema accepts, as far as one can be found without knowing what is meant: null where
 * allowed, the default or the first allowed value, the shortest text, the number nearest to 0. Formats get a fixed
 * example; a pattern is not solved.
 */
export function minimalValue(input: Schema | boolean | undefined, root: Schema, depth = 0): unknown {
  const schema = resolved(input, root);
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum.includes(null) ? null : schema.enum[0];
  const options = schema.anyOf ?? schema.oneOf;
  if (options) {
    const values = (depth > deepest ? options.slice(0, 1) : options).map((option) =>
      minimalValue(option, root, depth + 1),
    );
    return values.includes(null) ? null : (values.find((value) => accepts(schema, value, root)) ?? values[0]);
  }
  const types = typesOf(schema);
  if (types.length === 0 || types.includes('null')) return null;
  if (types.includes('object')) return minimalObject(schema, root, depth);
  if (types.includes('array')) return minimalList(schema, root, depth);
  if (types.includes('boolean')) return false;
  if (types.includes('number') || types.includes('integer'))
    return minimalNumber(schema, types.includes('integer') && !types.includes('number'));
  return minimalText(schema);
}

function minimalObject(schema: Schema, root: Schema, depth: number): Record<string, unknown> {
  if (depth > deepest) return {};
  return Object.fromEntries(
    (schema.required ?? []).map((key) => [key, minimalValue(schema.properties?.[key], root, depth + 1)]),
  );
}

function minimalList(schema: Schema, root: Schema, depth: number): unknown[] {
  const first = schema.prefixItems ?? (Array.isArray(schema.items) ? schema.items : []);
  const count = depth > deepest ? 0 : Math.max(schema.minItems ?? 0, schema.prefixItems ? first.length : 0);
  const rest = Array.isArray(schema.items) ? undefined : schema.items;
  return Array.from({ length: count }, (_, index) => minimalValue(first[index] ?? rest, root, depth + 1));
}

function minimalNumber(schema: Schema, integer: boolean): number {
  const step = schema.multipleOf ?? (integer ? 1 : 0);
  const low =
    schema.exclusiveMinimum === undefined ? (schema.minimum ?? -Infinity) : schema.exclusiveMinimum + (step || 1e-6);
  const high =
    schema.exclusiveMaximum === undefined ? (schema.maximum ?? Infinity) : schema.exclusiveMaximum - (step || 1e-6);
  const nearest = Math.min(Math.max(0, low), high);
  return step === 0
    ? nearest
    : (nearest >= 0 ? Math.ceil(nearest / step - 1e-9) : Math.floor(nearest / step + 1e-9)) * step;
}

const examples: Readonly<Record<string, string>> = {
  date: '1970-01-01',
  'date-time': '1970-01-01T00:00:00Z',
  time: '00:00:00Z',
  email: 'nobody@example.invalid',
  uri: 'about:blank',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function minimalText(schema: Schema): string {
  const example = schema.format === undefined ? undefined : examples[schema.format];
  return example ?? 'x'.repeat(schema.minLength ?? 0);
}
