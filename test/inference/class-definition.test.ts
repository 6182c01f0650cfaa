// Classes of a file that are more than lists, and everything that is wrong with them.

import { expect, test } from 'vitest';
import { problemLine, readModelsYaml } from '../../src/inference/registry/models-yaml.ts';

const read = (classes: string) => readModelsYaml(`classes:\n${classes}`);

test('a class with settings, and one with rules', () => {
  const found = read(`
  big: { endpoints: [local], prefer: price, degrade: small }
  small: [local]
  any:
    route: auto
    rules: [{ class: big, minTokens: 8000, tools: true, images: false, words: [prove] }]
    ask: { class: small, of: [small, big], about: "big is for proofs" }
    otherwise: small
`);
  if (!found.ok) throw new Error(JSON.stringify(found.problems));
  expect(found.definition.classes.get('big')).toEqual({
    kind: 'endpoints',
    endpoints: ['local'],
    prefer: 'price',
    degrade: 'small',
  });
  expect(found.definition.classes.get('any')).toEqual({
    kind: 'auto',
    rules: [{ class: 'big', minTokens: 8000, tools: true, images: false, words: ['prove'] }],
    ask: { class: 'small', of: ['small', 'big'], about: 'big is for proofs' },
    otherwise: 'small',
  });
});

test('everything that is wrong is told at once', () => {
  const found = read(`  a: { endpoints: [locale], degrade: b, prefer: cheap }
  b: { endpoints: [local], degrade: a }
  c: { degrade: d }
  d: { endpoints: [local], degrade: e, route: auto }
  e:
    route: auto
    rules:
      - { class: b }
      - { class: bb, words: [] }
      - { class: d, minToken: 1, tools: 1 }
    ask: { class: b, of: [b] }
  f: { endpoints: [local], degrade: e }
  g: { endpoints: [local], degrade: g, retries: 3 }
`);
  expect(found.ok ? [] : found.problems.map((problem) => problemLine('models.yaml', problem))).toEqual([
    'models.yaml:2:20 classes.a.endpoints.0 names an endpoint that the file does not define: did you mean local?',
    'models.yaml:2:38 classes.a.degrade leads back to this class',
    'models.yaml:2:49 classes.a.prefer must be order or price',
    'models.yaml:3:37 classes.b.degrade leads back to this class',
    'models.yaml:4:6 classes.c.endpoints is missing',
    'models.yaml:4:17 classes.c.degrade names a class that picks another one itself',
    'models.yaml:5:6 classes.d.otherwise is missing',
    'models.yaml:5:8 classes.d.endpoints does not go with the other fields of this class',
    'models.yaml:5:28 classes.d.degrade does not go with the other fields of this class',
    'models.yaml:5:37 classes.d.degrade names a class that picks another one itself',
    'models.yaml:7:5 classes.e.otherwise is missing',
    'models.yaml:9:9 classes.e.rules.0 needs minTokens, tools, images or words: otherwise is for the rest',
    'models.yaml:10:18 classes.e.rules.1.class names a class that is not defined: did you mean b?',
    'models.yaml:10:29 classes.e.rules.1.words has no words',
    'models.yaml:11:18 classes.e.rules.2.class names a class that picks another one itself',
    'models.yaml:11:21 classes.e.rules.2.minToken is not known: did you mean minTokens?',
    'models.yaml:11:41 classes.e.rules.2.tools must be true or false',
    'models.yaml:12:26 classes.e.ask.of needs two classes at least',
    'models.yaml:13:37 classes.f.degrade names a class that picks another one itself',
    'models.yaml:14:37 classes.g.degrade leads back to this class',
    'models.yaml:14:40 classes.g.retries is not known; there are endpoints, degrade, prefer, route, rules, ask, otherwise',
  ]);
});
