// What a model is asked with, by hashes: to see later whether the code would still ask in the same way, and what has changed if not.

import { createHash } from 'node:crypto';

/** What can change about a question besides the conversation. */
export type FingerprintPart = 'template' | 'tools' | 'schema' | 'model' | 'parameters';

/** Hashes of what a model is asked with, apart from the conversation. They are the same wherever they are made. */
export interface Fingerprint {
  /** What the author calls this state of the agent; it is shown, and compared with the template. */
  version?: string;
  /** Of the instructions. */
  template: string;
  /** Of description and schema of each tool, by its name. */
  tools: Record<string, string>;
  /** Of the schema of the answer, where it has one. */
  schema?: string;
  /** Of the settings of the model, such as its temperature. */
  parameters: string;
}

/** The model that was asked, in words. */
export interface AskedModel {
  /** The class that the code names. */
  class: string;
  /** The class whose endpoint answered, where that is another one. */
  answeredBy?: string;
  /** What the endpoint calls its model. */
  id?: string;
}

/** What is recorded of a question. */
export interface RecordedFingerprint extends Fingerprint {
  model: AskedModel;
}

/** What the code would ask with now. */
export interface PresentFingerprint extends Fingerprint {
  class: string;
  /** Returns the models that may answer for a class, by what their endpoints call them; undefined where nobody can tell. */
  modelsOf: (className: string) => readonly string[] | undefined;
}

/** One thing that has changed. What was not there, or is not there any more, is null. */
export interface Difference {
  part: FingerprintPart;
  /** The tool, where it is one of several. */
  name?: string;
  recorded: string | null;
  present: string | null;
}

/** What is asked with. */
export interface Asking {
  version?: string | undefined;
  instructions: string;
  tools: readonly { name: string; description: string | undefined; schema: unknown }[];
  schema?: unknown;
  parameters?: object | undefined;
}

/**
 * Returns the fingerprint of what a model is asked with. Neither the order of tools matters, nor that of the keys of objects, nor that of
 * the names of fields that a schema requires.
 */
export function fingerprintOf({ version, instructions, tools, schema, parameters = {} }: Asking): Fingerprint {
  const hashes = tools.map(({ name, description, schema: input }): [string, string] => [
    name,
    schemaHash([description ?? null, input ?? null]),
  ]);
  return {
    ...(version !== undefined && { version }),
    template: shortHash(instructions),
    tools: Object.fromEntries(hashes.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    ...(schema !== undefined && { schema: schemaHash(schema) }),
    parameters: shortHash(parameters),
  };
}

/** Returns what is different between a recorded question and how it would be asked now; nothing where they are the same. */
export function differences(recorded: RecordedFingerprint, present: PresentFingerprint): Difference[] {
  return [
    ...differenceOf('template', templateOf(recorded), templateOf(present)),
    ...toolDifferences(recorded.tools, present.tools),
    ...differenceOf('schema', recorded.schema, present.schema),
    ...modelDifferences(recorded.model, present),
    ...differenceOf('parameters', recorded.parameters, present.parameters),
  ];
}

/** Returns the differences in words for people: `template v3 (1f…) is now v4 (2e…), tool note is new`. */
export function differencesInWords(changed: readonly Difference[]): string {
  return changed.map(inWords).join(', ');
}

/** Returns the hash of how a question is asked now: of all that a person has seen who lets a run go on. */
export function hashOfPresent(present: PresentFingerprint): string {
  const { class: className, modelsOf, ...own } = present;
  const models = modelsOf(className);
  return shortHash([own, className, models ? [...new Set(models)].toSorted() : null]);
}

/** Returns the first 16 hexadecimal digits of SHA-256 over the canonical JSON of `value`. */
export function shortHash(value: unknown): string {
  return hashOf(canonicalJson(value));
}

/** Returns `value` as JSON with the keys of objects in order, so that equal values have equal texts (as RFC 8785 has them). */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => withKeysInOrder(inner));
}

/** In a schema `required` is a set: whoever makes it of code has its names in the order of the fields. */
function schemaHash(value: unknown): string {
  const json = JSON.stringify(value, (key, inner: unknown) =>
    key === 'required' && Array.isArray(inner) ? (inner as string[]).toSorted() : withKeysInOrder(inner),
  );
  return hashOf(json);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Entries are defined, not assigned: a key may be called __proto__. */
function withKeysInOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** An author who says another version means another template, whatever its words. */
function templateOf({ version, template }: Fingerprint): string {
  return version === undefined ? template : `${version} (${template})`;
}

function differenceOf(
  part: FingerprintPart,
  recorded: string | undefined,
  present: string | undefined,
  name?: string,
): Difference[] {
  if (recorded === present) return [];
  return [{ part, ...(name !== undefined && { name }), recorded: recorded ?? null, present: present ?? null }];
}

function toolDifferences(recorded: Fingerprint['tools'], present: Fingerprint['tools']): Difference[] {
  const [before, now] = [new Map(Object.entries(recorded)), new Map(Object.entries(present))];
  const names = [...new Set([...before.keys(), ...now.keys()])].toSorted();
  return names.flatMap((name) => differenceOf('tools', before.get(name), now.get(name), name));
}

/** Any model of the class may have answered: that another one would be asked first now is none of the prompt's business. */
function modelDifferences(
  { class: asked, answeredBy, id }: AskedModel,
  { class: className, modelsOf }: PresentFingerprint,
): Difference[] {
  if (asked !== className) return differenceOf('model', asked, className);
  const models = modelsOf(answeredBy ?? asked);
  if (id === undefined || models === undefined || models.includes(id)) return [];
  return differenceOf('model', `${asked}: ${id}`, `${asked}: ${models.join(', ') || 'none'}`);
}

function inWords({ part, name, recorded, present }: Difference): string {
  const what = part === 'tools' ? `tool ${name}` : part;
  if (recorded === null) return `${what} is new`;
  if (present === null) return `${what} is gone`;
  return part === 'tools' ? `${what} was changed` : `${what} ${recorded} is now ${present}`;
}
