// What a models file says about tenants.

import { expect, test } from 'vitest';
import { problemLine, readModelsYaml } from '../../src/inference/registry/models-yaml.ts';

const CLASSES = 'classes:\n  small: [local]\n';

function problemsOf(text: string): string[] {
  const read = readModelsYaml(CLASSES + text);
  return read.ok ? [] : read.problems.map((problem) => problemLine('models.yaml', problem));
}

test('tenants have a weight and limits, in any combination', () => {
  const read = readModelsYaml(`${CLASSES}tenants:\n  acme: { weight: 2.5 }\n  trial: { rpm: 20, tpm: 20000 }\n`);
  expect(read.ok && read.definition.tenants).toEqual(
    new Map([
      ['acme', { weight: 2.5 }],
      ['trial', { rpm: 20, tpm: 20_000 }],
    ]),
  );
});

test('what is wrong is told with its place', () => {
  expect(problemsOf('tenants:\n  acme: { wight: 2 }\n')).toEqual([
    'models.yaml:4:11 tenants.acme.wight is not known: did you mean weight?',
  ]);
  expect(problemsOf('tenants:\n  acme: { weight: 0, rpm: many }\n')).toEqual([
    'models.yaml:4:19 tenants.acme.weight must be a number above 0, 1000 at most',
    'models.yaml:4:27 tenants.acme.rpm must be a whole number above 0',
  ]);
});
