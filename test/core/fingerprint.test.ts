import { expect, test } from 'vitest';
import {
  type Asking,
  canonicalJson,
  differences,
  differencesInWords,
  fingerprintOf,
  hashOfPresent,
  type PresentFingerprint,
  shortHash,
} from '../../src/core/fingerprint.ts';

const look = { name: 'look', description: 'Look it up', schema: { type: 'object', properties: { id: {}, of: {} } } };
const note = { name: 'note', description: 'Note it', schema: { type: 'object' } };
const asking: Asking = { instructions: 'You help.', tools: [look, note], parameters: { temperature: 0, seed: 7 } };

const recorded = { ...fingerprintOf(asking), model: { class: 'small', id: 'small-2' } };

function present(changes: Partial<Asking> = {}, models: Partial<PresentFingerprint> = {}): PresentFingerprint {
  return { ...fingerprintOf({ ...asking, ...changes }), class: 'small', modelsOf: () => ['small-2'], ...models };
}

test('keys of objects and tools may stand in any order', () => {
  const parameters = { seed: 7, temperature: 0 };
  const schema = { properties: { of: {}, id: {} }, type: 'object' };
  expect(differences(recorded, present({ tools: [note, { ...look, schema }], parameters }))).toEqual([]);
  expect(canonicalJson({ b: [2, { d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[2,{"d":1}]}');
  expect(shortHash('a')).toMatch(/^[0-9a-f]{16}$/);
});

test('which fields a schema requires may be listed in any order', () => {
  const of = (required: string[]) => ({ tools: [{ ...look, schema: { required } }], schema: { items: { required } } });
  expect(present(of(['id', 'of']))).toEqual({ ...present(of(['of', 'id'])), modelsOf: expect.any(Function) });
  expect(present(of(['id'])).schema).not.toBe(present(of(['of'])).schema);
});

test('what was seen and accepted does not change with the order of the endpoints of a class', () => {
  const hash = (...models: string[]) => hashOfPresent(present({}, { modelsOf: () => models }));
  expect(hash('small-2', 'small-1', 'small-2')).toBe(hash('small-1', 'small-2'));
  expect(hash('small-1')).not.toBe(hash('small-2'));
});

test('a name that objects have by themselves is one like any other', () => {
  const tools = [{ ...look, name: '__proto__' }];
  const { tools: hashes } = fingerprintOf({ ...asking, tools });
  expect(Object.keys(hashes)).toEqual(['__proto__']);
  const withNew = present({ tools: [look, note, { ...note, name: 'constructor' }] });
  expect(differences(recorded, withNew)).toMatchObject([{ part: 'tools', name: 'constructor', recorded: null }]);
  expect(canonicalJson(JSON.parse('{"__proto__":{"b":1,"a":2}}'))).toBe('{"__proto__":{"a":2,"b":1}}');
});

test.each<[string, Partial<Asking>, object]>([
  ['the instructions', { instructions: 'You help well.' }, { part: 'template' }],
  ['the version', { version: '2' }, { part: 'template', present: `2 (${recorded.template})` }],
  ['a description', { tools: [look, { ...note, description: 'Write' }] }, { part: 'tools', name: 'note' }],
  ['the schema of a tool', { tools: [{ ...look, schema: {} }, note] }, { part: 'tools', name: 'look' }],
  ['a tool that is gone', { tools: [look] }, { part: 'tools', name: 'note', present: null }],
  ['a tool that is new', { tools: [look, note, { ...note, name: 'new' }] }, { part: 'tools', recorded: null }],
  ['the schema of the answer', { schema: { type: 'string' } }, { part: 'schema', recorded: null }],
  ['the parameters', { parameters: { temperature: 1 } }, { part: 'parameters' }],
])('%s', (_what, changes, difference) => {
  const changed = differences(recorded, present(changes));
  expect(changed).toMatchObject([difference]);
  expect(hashOfPresent(present(changes))).not.toBe(hashOfPresent(present()));
});

test('a model drifts when its class is another one, or has it no more', () => {
  expect(differences(recorded, present({}, { class: 'reasoning' }))).toEqual([
    { part: 'model', recorded: 'small', present: 'reasoning' },
  ]);
  expect(differences(recorded, present({}, { modelsOf: () => ['small-3', 'small-2'] }))).toEqual([]);
  expect(differences(recorded, present({}, { modelsOf: () => undefined }))).toEqual([]);
  expect(differences(recorded, present({}, { modelsOf: () => ['small-3'] }))).toEqual([
    { part: 'model', recorded: 'small: small-2', present: 'small: small-3' },
  ]);
});

test('a model that answered for another class is looked for there', () => {
  const degraded = { ...recorded, model: { class: 'reasoning', answeredBy: 'small', id: 'small-2' } };
  const modelsOf = (name: string): string[] => (name === 'small' ? ['small-2'] : ['large-1']);
  expect(differences(degraded, present({}, { class: 'reasoning', modelsOf }))).toEqual([]);
});

test('differences in words', () => {
  const changed = differences(
    recorded,
    present({ instructions: 'No.', version: '2', tools: [{ ...look, schema: 1 }] }),
  );
  expect(differencesInWords(changed)).toBe(
    `template ${recorded.template} is now 2 (${shortHash('No.')}), tool look was changed, tool note is gone`,
  );
});
