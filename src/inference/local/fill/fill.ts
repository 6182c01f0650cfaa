// A JSON schema filled from a document: each property gets what the text says, or the emptiest value that the schema
// allows.

import type { Analysis } from '../analysis.ts';
import type { Field } from '../read/header.ts';
import type { Mention } from '../facts/mention.ts';
import { choose } from './choose.ts';
import { isAmong, itemProperty } from './item.ts';
import { minimalValue } from './minimal.ts';
import { valueOf } from './mention-value.ts';
import { nounOf, qualifiers } from './nouns.ts';
import { queryOf, rootQuery, type Query } from './query.ts';
import { scalarOf } from './scalar.ts';
import { accepts, resolved, typesOf, type Schema } from './schema.ts';

const deepest = 8;
const usualMost = 50;

/** A filled value, and whether the document gave any of it. */
interface Filled {
  value: unknown;
  found: boolean;
}

interface Filling {
  analysis: Analysis;
  root: Schema;
  unfilled: string[];
  invalid: string[];
}

/** The filled schema; `unfilled` and `invalid` are paths, as `LocalAnswer` explains. */
export interface FilledSchema {
  value: unknown;
  unfilled: string[];
  invalid: string[];
}

/**
 * Fills the schema from the document. The value satisfies the schema unless `invalid` names a property for which no
 * honest value exists.
 */
export function fillSchema(schema: Schema, analysis: Analysis, instruction: string): FilledSchema {
  const filling: Filling = { analysis, root: schema, unfilled: [], invalid: [] };
  const { value } = fill(schema, rootQuery(instruction, schema), filling, 0);
  if (filling.invalid.length === 0 && !accepts(schema, value, schema)) filling.invalid.push('(root)');
  return { value, unfilled: filling.unfilled, invalid: filling.invalid };
}

function fill(input: Schema | boolean | undefined, query: Query, filling: Filling, depth: number): Filled {
  const schema = resolved(input, filling.root);
  const options = schema.anyOf ?? schema.oneOf;
  if (options && !schema.properties) return fillOption(options, query, filling, depth);
  if (schema.const !== undefined) return { value: schema.const, found: true };
  if (schema.enum) return noted(choose(schema.enum, filling.analysis, query), query, filling);
  const types = typesOf(schema);
  const wanted = types.find((type) => type !== 'null');
  if (wanted === 'object') return fillObject(schema, query, filling, depth);
  if (wanted === 'array') return fillList(schema, query, filling, types.includes('null'));
  const value = scalarOf(schema, query, filling.analysis, filling.root);
  if (value !== undefined && accepts(schema, value, filling.root)) return { value, found: true };
  return empty(schema, query, filling);
}

/** The first alternative that the document says something for; else null where that is allowed, else the first one. */
function fillOption(options: readonly Schema[], query: Query, filling: Filling, depth: number): Filled {
  const real = options.filter(
    (option) =>
      !typesOf(resolved(option, filling.root)).every((type) => type === 'null') ||
      typesOf(resolved(option, filling.root)).length === 0,
  );
  const nullable = real.length < options.length;
  const tries = real.map((option) => {
    const trial: Filling = { ...filling, unfilled: [], invalid: [] };
    return { trial, filled: fill(option, query, trial, depth) };
  });
  const good = tries.filter(({ trial, filled }) => filled.found && trial.invalid.length === 0);
  const best = good.toSorted((a, b) => a.trial.unfilled.length - b.trial.unfilled.length)[0];
  if (best === undefined && nullable) return noted({ value: null, found: false }, query, filling);
  const taken = best ?? tries.find(({ trial }) => trial.invalid.length === 0) ?? tries[0];
  if (taken === undefined) return { value: null, found: false };
  filling.unfilled.push(...taken.trial.unfilled);
  filling.invalid.push(...taken.trial.invalid);
  return taken.filled;
}

/** Notes a value for which the document says nothing. */
function noted(filled: Filled, query: Query, filling: Filling): Filled {
  if (!filled.found) filling.unfilled.push(query.path);
  return filled;
}

/**
 * The emptiest value. Dates, addresses and patterned texts have none: where null is not allowed either, the place is
 * invalid.
 */
function empty(schema: Schema, query: Query, filling: Filling): Filled {
  filling.unfilled.push(query.path);
  const types = typesOf(schema);
  const text = types.includes('string') && !types.includes('null') && schema.default === undefined;
  const value = text ? '' : minimalValue(schema, filling.root);
  if (!accepts(schema, value, filling.root)) filling.invalid.push(query.path);
  return { value, found: false };
}

function fillObject(schema: Schema, query: Query, filling: Filling, depth: number): Filled {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return fillRecord(schema, query, filling);
  const value: Record<string, unknown> = {};
  let found = false;
  for (const [name, property] of properties) {
    const required = schema.required?.includes(name) ?? false;
    if (depth >= deepest && !required) continue;
    const inner: Filling = { ...filling, unfilled: [], invalid: [] };
    const filled =
      depth >= deepest
        ? { value: minimalValue(property, filling.root), found: false }
        : fill(property, queryOf(name, resolved(property, filling.root), query), inner, depth + 1);
    if (!required && (!filled.found || inner.invalid.length > 0)) continue;
    value[name] = filled.value;
    filling.unfilled.push(...inner.unfilled);
    filling.invalid.push(...inner.invalid);
    found ||= filled.found;
  }
  return { value, found };
}

/**
 * An object with free names takes the document's header fields, where it is called by a name such as `metadata` or
 * `headers`.
 */
function fillRecord(schema: Schema, query: Query, filling: Filling): Filled {
  const asked = query.words.some((word) =>
    /^(?:metadata|meta|header|field|attribute|property|label|frontmatter)$/.test(word),
  );
  const fields: readonly Field[] = asked ? filling.analysis.parts.fields : [];
  const entries = fields
    .map((field): [string, unknown] => [field.label, field.value])
    .filter(([key, value]) => accepts({ ...schema, minProperties: 0, required: [] }, { [key]: value }, filling.root));
  const value = Object.fromEntries(entries);
  if (entries.length > 0 && accepts(schema, value, filling.root)) return { value, found: true };
  return empty(schema, query, filling);
}

function fillList(schema: Schema, query: Query, filling: Filling, nullable: boolean): Filled {
  const item = resolved(Array.isArray(schema.items) ? schema.items[0] : (schema.items ?? {}), filling.root);
  const most = schema.maxItems ?? nounOf(query)?.most ?? usualMost;
  const values: unknown[] = [];
  const seen = new Set<string>();
  for (const mention of schema.prefixItems ? [] : mentionsFor(query, item, filling)) {
    if (values.length >= most) break;
    const value = entryOf(item, mention, query, filling);
    const key = JSON.stringify(value);
    if (value === undefined || seen.has(key) || !accepts(item, value, filling.root)) continue;
    seen.add(key);
    values.push(value);
  }
  if (values.length > 0 && accepts(schema, values, filling.root)) return { value: values, found: true };
  if (nullable) return noted({ value: null, found: false }, query, filling);
  filling.unfilled.push(query.path);
  if (!accepts(schema, [], filling.root)) filling.invalid.push(query.path);
  return { value: [], found: false };
}

/** What the entries of a list stand for: the noun's mentions, or for entries with a text and a type all entities. */
function mentionsFor(query: Query, item: Schema, { analysis }: Filling): Mention[] {
  const noun = nounOf(query);
  if (noun?.names.includes('summary')) return noun.find(analysis, query).slice(1);
  if (noun) {
    const narrow = qualifiers(query, noun).filter((word) => analysis.entities.some((entity) => entity.type === word));
    const found = noun.names.includes('entity')
      ? byWorth(noun.find(analysis, query), item)
      : noun.find(analysis, query);
    return narrow.length > 0 ? analysis.entities.filter((entity) => narrow.includes(entity.type)) : found;
  }
  if (item.enum) return enumMentions(item.enum, query, analysis);
  const names = Object.keys(item.properties ?? {});
  return names.some((name) => /type|kind|label|category/i.test(name)) &&
    names.some((name) => /text|name|value|entity/i.test(name))
    ? byWorth(analysis.entities, item)
    : [];
}

const plainest = ['version', 'duration', 'percentage', 'url'];

/**
 * Entities in the order of the text, but those that the schema has a type for first, and links and the like last: lists
 * may be cut.
 */
function byWorth(entities: readonly Mention[], item: Schema): Mention[] {
  const types = Object.entries(item.properties ?? {}).find(
    ([name, property]) => /type|kind|label|category/i.test(name) && property.enum,
  )?.[1].enum;
  const rank = (mention: Mention) => (types && !isAmong(mention.type, types) ? 10 : 0) + plainest.indexOf(mention.type);
  return entities.toSorted((a, b) => rank(a) - rank(b));
}

/** A list of enum values holds those that the document names. */
function enumMentions(values: readonly unknown[], query: Query, analysis: Analysis): Mention[] {
  return values
    .filter((value) => typeof value === 'string' && choose([value], analysis, query).found)
    .map((value): Mention => ({ type: 'choice', text: String(value), at: 0, count: 1, facets: {} }));
}

function entryOf(item: Schema, mention: Mention, query: Query, filling: Filling): unknown {
  if (!typesOf(item).includes('object'))
    return item.enum
      ? item.enum.find((value) => value === mention.text)
      : valueOf(mention, item, query.words, filling.root);
  const names = Object.keys(item.properties ?? {});
  const value: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(item.properties ?? {})) {
    const property = resolved(input, filling.root);
    const options = property.anyOf ?? property.oneOf;
    const real = options
      ? resolved(
          options.find((option) => !typesOf(option).includes('null')),
          filling.root,
        )
      : property;
    const found = itemProperty(name, real, mention, filling.analysis, filling.root, names);
    if (found !== undefined) value[name] = found;
    else if (item.required?.includes(name)) {
      if (real.enum && !accepts(property, null, filling.root) && /type|kind|category|label/i.test(name))
        return undefined;
      value[name] = accepts(property, null, filling.root) ? null : minimalEntry(real, filling.root);
    }
  }
  return value;
}

/**
 * An empty text stays empty, so that a date or address that the text does not give drops the entry instead of being
 * made up.
 */
function minimalEntry(schema: Schema, root: Schema): unknown {
  return typesOf(schema).includes('string') && schema.enum === undefined && schema.const === undefined
    ? ''
    : minimalValue(schema, root);
}
