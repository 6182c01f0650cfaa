// The part of JSON Schema (draft 7 and 2020-12) that structured output uses: reading a schema, and checking a value
// against it.

/** A JSON Schema as an object; `true` and `{}` allow everything. */
export interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  title?: string;
  description?: string;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  minProperties?: number;
  items?: boolean | Schema | Schema[];
  prefixItems?: Schema[];
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  not?: Schema;
  $ref?: string;
  $defs?: Record<string, Schema>;
  definitions?: Record<string, Schema>;
}

const followedAtMost = 20;

/** The schema itself: references followed (within the root schema), `allOf` merged into one. */
export function resolved(schema: Schema | boolean | undefined, root: Schema): Schema {
  let current: Schema = typeof schema === 'object' ? schema : {};
  for (let step = 0; current.$ref !== undefined && step < followedAtMost; step += 1) {
    const { $ref, ...beside } = current;
    current = { ...referenced($ref, root), ...beside };
  }
  if (current.allOf === undefined) return current;
  const { allOf, ...own } = current;
  return [...allOf.map((part) => resolved(part, root)), own].reduce(
    (merged, part) => ({
      ...merged,
      ...part,
      ...((merged.properties || part.properties) && { properties: { ...merged.properties, ...part.properties } }),
      ...((merged.required || part.required) && {
        required: [...new Set([...(merged.required ?? []), ...(part.required ?? [])])],
      }),
    }),
    {},
  );
}

function referenced(reference: string, root: Schema): Schema {
  const steps = reference
    .replace(/^#\/?/, '')
    .split('/')
    .filter(Boolean)
    .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'));
  const target = steps.reduce<unknown>((inside, step) => (isRecord(inside) ? inside[step] : undefined), root);
  return isRecord(target) ? target : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * The types that a schema allows, by its `type` or, where that is missing, by the keywords it uses; empty when anything
 * goes.
 */
export function typesOf(schema: Schema): string[] {
  if (schema.type !== undefined) return Array.isArray(schema.type) ? schema.type : [schema.type];
  if (schema.properties || schema.additionalProperties !== undefined || schema.required) return ['object'];
  if (schema.items !== undefined || schema.prefixItems) return ['array'];
  return schema.format !== undefined || schema.pattern !== undefined ? ['string'] : [];
}

/** Whether the value satisfies the schema. Formats are checked where a wrong value could be told from a right one. */
export function accepts(input: Schema | boolean | undefined, value: unknown, root: Schema): boolean {
  if (input === false) return false;
  const schema = resolved(input, root);
  if (schema.const !== undefined && !same(schema.const, value)) return false;
  if (schema.enum !== undefined && !schema.enum.some((item) => same(item, value))) return false;
  if (schema.anyOf && !schema.anyOf.some((option) => accepts(option, value, root))) return false;
  if (schema.oneOf && schema.oneOf.filter((option) => accepts(option, value, root)).length !== 1) return false;
  if (schema.not && accepts(schema.not, value, root)) return false;
  const types = typesOf(schema);
  if (types.length > 0 && !types.some((type) => isType(type, value))) return false;
  if (typeof value === 'string') return acceptsText(schema, value);
  if (typeof value === 'number') return acceptsNumber(schema, value);
  if (Array.isArray(value)) return acceptsList(schema, value, root);
  return typeof value !== 'object' || value === null || acceptsObject(schema, value as Record<string, unknown>, root);
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function isType(type: string, value: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type && (type !== 'number' || Number.isFinite(value));
}

const formats: Readonly<Record<string, RegExp>> = {
  date: /^\d{4}-\d{2}-\d{2}$/,
  'date-time': /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/,
  time: /^\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?/,
  email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  uri: /^[a-z][a-z\d+.-]*:\S+$/i,
  uuid: /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i,
};

function acceptsText(schema: Schema, value: string): boolean {
  const length = [...value].length;
  if (
    length < (schema.minLength ?? 0) ||
    length > (schema.maxLength ?? Infinity) ||
    value.length > (schema.maxLength ?? Infinity)
  )
    return false;
  if (schema.format !== undefined && formats[schema.format]?.test(value) === false) return false;
  return schema.pattern === undefined || matches(schema.pattern, value);
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return new RegExp(pattern).test(value);
  }
}

function acceptsNumber(schema: Schema, value: number): boolean {
  const inside = value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity);
  const strictly = value > (schema.exclusiveMinimum ?? -Infinity) && value < (schema.exclusiveMaximum ?? Infinity);
  const steps = schema.multipleOf === undefined ? 0 : value / schema.multipleOf;
  return inside && strictly && Math.abs(steps - Math.round(steps)) < 1e-9;
}

function acceptsList(schema: Schema, value: unknown[], root: Schema): boolean {
  if (value.length < (schema.minItems ?? 0) || value.length > (schema.maxItems ?? Infinity)) return false;
  if (schema.uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size !== value.length) return false;
  const first = schema.prefixItems ?? (Array.isArray(schema.items) ? schema.items : []);
  const rest = Array.isArray(schema.items) ? true : (schema.items ?? true);
  return value.every((item, index) => accepts(first[index] ?? rest, item, root));
}

function acceptsObject(schema: Schema, value: Record<string, unknown>, root: Schema): boolean {
  const keys = Object.keys(value);
  if ((schema.required ?? []).some((key) => !Object.hasOwn(value, key)) || keys.length < (schema.minProperties ?? 0))
    return false;
  return keys.every((key) => {
    const own = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    const named = schema.propertyNames === undefined || accepts(schema.propertyNames, key, root);
    return named && accepts(own ?? schema.additionalProperties ?? true, value[key], root);
  });
}
