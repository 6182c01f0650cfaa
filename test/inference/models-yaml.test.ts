// What a file of models defines, and how everything that is wrong with it is told.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { problemLine, readModelsYaml } from '../../src/inference/registry/models-yaml.ts';

const SECRET = 'sk-Live_7f3aSecret';

function problems(source: string, surroundings?: Parameters<typeof readModelsYaml>[1]): string[] {
  const found = readModelsYaml(source, surroundings);
  return found.ok ? [] : found.problems.map((problem) => problemLine('models.yaml', problem));
}

test('a file with everything in it', () => {
  const found = readModelsYaml(
    `
endpoints:
  cloud:
    baseUrl: https://inference.example/v1
    model: large-2
    apiKey: \${INFERENCE_KEY}
    price: { input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15, reasoning: 15, version: "2", since: 2026-09-01 }
    rpm: 500
    tpm: 400000
    concurrency: 8
    timeout: 1m30s
  ours: { baseUrl: "http://vllm:8000/v1", model: m, key: { env: OUR_KEY } }
  deep: { provider: app }
classes:
  reasoning: [deep, cloud]
  small: [ours, local]
`,
    { variable: () => SECRET, given: ['deep'] },
  );
  if (!found.ok) throw new Error(JSON.stringify(found.problems));
  expect(found.definition.endpoints.get('cloud')).toEqual({
    provider: 'openai-compatible',
    baseUrl: 'https://inference.example/v1',
    model: 'large-2',
    keyVariable: 'INFERENCE_KEY',
    price: {
      currency: 'USD',
      input: 3,
      cachedInput: 0.3,
      cacheWrite: 3.75,
      output: 15,
      reasoning: 15,
      version: '2',
      since: '2026-09-01',
    },
    limits: { rpm: 500, tpm: 400_000, concurrency: 8, timeoutMs: 90_000 },
  });
  expect(found.definition.endpoints.get('ours')).toMatchObject({ keyVariable: 'OUR_KEY', price: undefined });
  expect([...found.definition.classes]).toEqual([
    ['reasoning', { kind: 'endpoints', endpoints: ['deep', 'cloud'], prefer: 'order', degrade: undefined }],
    ['small', { kind: 'endpoints', endpoints: ['ours', 'local'], prefer: 'order', degrade: undefined }],
  ]);
});

test('everything that is wrong is told at once, with its place and its field', () => {
  const source = `endpoints:
  cloud:
    baseUrl: https://u:${SECRET}@x.example/v1
    model: 12
    apiKey: ${SECRET}
    prise: {}
    price: { inpt: 1, output: -1, version: 1 }
    rpm: 0
    timeout: soon
  vllm:
    provider: openai
  2x: { provider: local }
  empty:
  keyed:
    baseUrl: http://a/v1
    apiKey: \${NO_SUCH}
    key: { env: NO_SUCH }
  depp: { provider: app, model: x }
  local: { baseUrl: "http://a/v1", model: m }
classes:
  small: [clod, cloud, cloud]
  big: []
  odd: cloud
  none:
clases: 1
`;
  expect(problems(source, { variable: () => undefined, given: ['deep'] })).toEqual([
    'models.yaml:3:14 endpoints.cloud.baseUrl must be an http(s) address without user, password, query and fragment',
    'models.yaml:4:12 endpoints.cloud.model must be text: put it in quotes',
    'models.yaml:5:13 endpoints.cloud.apiKey must be ${NAME} with a name in capitals; keys do not belong in this file: name the variable of the environment that holds it',
    'models.yaml:6:5 endpoints.cloud.prise is not known: did you mean price?',
    'models.yaml:7:12 endpoints.cloud.price.input is missing',
    'models.yaml:7:14 endpoints.cloud.price.inpt is not known: did you mean input?',
    'models.yaml:7:31 endpoints.cloud.price.output must be US dollars per million tokens: a number from 0 to 1000000',
    'models.yaml:7:44 endpoints.cloud.price.version must be text: put it in quotes',
    'models.yaml:8:10 endpoints.cloud.rpm must be a whole number above 0',
    'models.yaml:9:14 endpoints.cloud.timeout must be a duration above 0, such as 60s',
    'models.yaml:11:15 endpoints.vllm.provider must be openai-compatible, local or app',
    'models.yaml:12:3 endpoints.2x is no name: use up to 64 letters, digits, ., _ and -, a letter first',
    'models.yaml:13:9 endpoints.empty must be a map with provider, or with baseUrl and model',
    'models.yaml:14:3 endpoints.keyed needs model',
    'models.yaml:16:13 endpoints.keyed.apiKey needs the variable NO_SUCH, which the environment does not have',
    'models.yaml:17:5 endpoints.keyed.key says the same as apiKey: leave one of them out',
    'models.yaml:18:21 endpoints.depp.provider is app, but createApp({ models }) gives no endpoint of this name: did you mean deep?',
    'models.yaml:18:26 endpoints.depp.model is not for an endpoint with provider app',
    'models.yaml:19:3 endpoints.local is the name of the offline model: call this endpoint something else',
    'models.yaml:21:11 classes.small.0 names an endpoint that the file does not define: did you mean cloud?',
    'models.yaml:21:24 classes.small.2 names an endpoint for the second time',
    'models.yaml:22:8 classes.big has no endpoints',
    'models.yaml:23:8 classes.odd must be a list of endpoints',
    'models.yaml:24:8 classes.none must be a list of endpoints',
    'models.yaml:25:1 clases is not known: did you mean classes?',
  ]);
});

test.each([
  ['', 'models.yaml is empty: it needs classes, such as small: [local]'],
  ['# nothing\n', 'models.yaml is empty: it needs classes, such as small: [local]'],
  ['- 1', 'models.yaml:1:1 must be a map with endpoints and classes'],
  [SECRET, 'models.yaml:1:1 must be a map with endpoints and classes'],
  ['endpoints: {}', 'models.yaml:1:1 classes is missing'],
  ['classes: {}', 'models.yaml:1:10 classes has no classes'],
  ['endpoints: []\nclasses: { a: [local] }', 'models.yaml:1:12 endpoints must be a map of endpoints by name'],
  ['classes: { a: [local] }\nclasses: { a: [local] }', 'models.yaml:2:1 is not YAML: map keys must be unique'],
  ['classes: *all', 'models.yaml:1:10 is not YAML: this alias has no anchor'],
  ['classes: { a: [local] }\n---\nclasses: {}', 'models.yaml:2:1 is not YAML: there is a second document in it'],
  ['classes: !ruby { a: [local] }', 'models.yaml:1:10 is not YAML: unresolved tag'],
  [`classes:\n\t- ${SECRET}`, 'models.yaml:2:1 is not YAML: tabs are not allowed as indentation'],
  ['a: { apiKey: ${KEY} }', 'models.yaml:1:15 is not YAML: between braces or brackets, ${NAME} has to be in quotes'],
  ['classes: &a { a: [*a] }', 'models.yaml:1:19 classes.a.0 must be the name of an endpoint'],
  ['x'.repeat(1_000_001), 'models.yaml is longer than 1000000 characters'],
])('%.40j is refused', (source, first) => {
  expect(problems(source)[0]).toBe(first);
});

test.each([
  [`apiKey: ${SECRET}`],
  [`apiKey: "${SECRET}"`],
  [`apiKey: \${${SECRET}}`],
  [`apiKey: [${SECRET}]`],
  [`key: ${SECRET}`],
  [`key: { env: ${SECRET} }`],
  [`key: { value: ${SECRET} }`],
  [`apiKey ${SECRET}`],
  [`apiKey: "${SECRET}`],
  [`apiKey: ${SECRET}: x`],
  [`apiKey: !${SECRET} x`],
  [`apiKey: "\\${SECRET}"`],
  [`apiKey: *${SECRET}`],
  [`key: { ${SECRET} }`],
  [`"${SECRET}": 1`],
  [`- ${SECRET}`],
  [`}${SECRET}`],
  [`baseUrl: https://x:${SECRET}@a.example`],
  [`price: ${SECRET}`],
  [`timeout: ${SECRET}`],
  [`provider: ${SECRET}`],
])('a key that was written into the file is refused and not repeated: %s', (line) => {
  const source = `endpoints:\n  cloud:\n    baseUrl: http://a/v1\n    model: m\n    ${line}\nclasses: { small: [cloud] }\n`;
  const told = problems(source, { variable: () => undefined });
  expect(told.length).toBeGreaterThan(0);
  expect(told.join('\n')).not.toContain(SECRET);
});

test('without an environment to look into, keys are not asked for', () => {
  const source = 'endpoints: { a: { baseUrl: "http://a/v1", model: m, apiKey: "${KEY}" } }\nclasses: { small: [a] }';
  expect(problems(source)).toEqual([]);
  expect(problems(source, { variable: () => '' })).toEqual([
    'models.yaml:1:61 endpoints.a.apiKey needs the variable KEY, which the environment does not have',
  ]);
});

test('aliases stand for what they name', () => {
  const source = `endpoints:
  a: &a { baseUrl: "http://a/v1", model: m }
  b: *a
classes: { small: [a, b] }`;
  expect(problems(source)).toEqual([]);
});

const name = fc.stringMatching(/^[A-Za-z][\w.-]{0,10}$/).filter((word) => word !== 'local');
const endpoint = fc.record(
  {
    baseUrl: fc.webUrl(),
    model: fc.stringMatching(/^[a-z][\w/:-]{0,20}$/),
    price: fc.record({ input: fc.nat(100), output: fc.double({ min: 0, max: 100, noNaN: true }) }),
    rpm: fc.integer({ min: 1 }),
    timeout: fc.constantFrom('10s', 500, '2m'),
  },
  { requiredKeys: ['baseUrl', 'model'] },
);
const classOf = (names: string[]) => {
  const endpoints = fc.subarray(names, { minLength: 1 });
  const settings = fc.record({ endpoints, prefer: fc.constantFrom('order', 'price') }, { requiredKeys: ['endpoints'] });
  return fc.oneof(endpoints, settings);
};
const file = fc.uniqueArray(name, { minLength: 1, maxLength: 4 }).chain((names) =>
  fc.record({
    endpoints: fc
      .tuple(...names.map(() => endpoint))
      .map((list) => Object.fromEntries(names.map((key, n) => [key, list[n]!]))),
    classes: fc.dictionary(name, classOf([...names, 'local']), { minKeys: 1, maxKeys: 3 }),
  }),
);

test('whatever valid file is written is read as it was meant', () => {
  fc.assert(
    fc.property(file, (written) => {
      const found = readModelsYaml(stringify(written));
      if (!found.ok) throw new Error(JSON.stringify(found.problems));
      for (const [key, said] of Object.entries(written.classes)) {
        const { endpoints, prefer = 'order' } = Array.isArray(said) ? { endpoints: said } : said;
        expect(found.definition.classes.get(key)).toMatchObject({ kind: 'endpoints', endpoints, prefer });
      }
      for (const [key, { baseUrl, model, price, rpm }] of Object.entries(written.endpoints)) {
        const read = found.definition.endpoints.get(key)!;
        expect([read.baseUrl, read.model, read.limits.rpm]).toEqual([baseUrl, model, rpm]);
        expect(read.price).toEqual(price && { ...price, currency: 'USD' });
      }
    }),
    { numRuns: 100 },
  );
});

test('an unknown field anywhere is found at its line', () => {
  fc.assert(
    fc.property(file, fc.nat(), (written, n) => {
      const keys = Object.keys(written.endpoints);
      const key = keys[n % keys.length]!;
      const source = stringify({
        ...written,
        endpoints: { ...written.endpoints, [key]: { ...written.endpoints[key], modell: 'x' } },
      });
      const line = source.split('\n').findIndex((text) => text.startsWith('    modell:')) + 1;
      expect(problems(source)).toEqual([
        `models.yaml:${line}:5 endpoints.${key}.modell is not known: did you mean model?`,
      ]);
    }),
    { numRuns: 50 },
  );
});

test('no text makes the reader fail', () => {
  const pieces = fc.constantFrom(
    'endpoints',
    'classes',
    ':',
    ' ',
    '\n',
    '  ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a',
    '*a',
    '"',
    '!x',
    '${',
    'local',
    '<<',
    '? ',
    '\t',
    '%',
    '---',
    '\u0000',
    '|',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces, { maxLength: 30 }).map((list) => list.join('')),
      ),
      (source) => {
        const found = readModelsYaml(source);
        expect(found.ok || found.problems.length > 0).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
});
