import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';

test('a key alone is ignored, and that is said', () => {
  expect(readConfig({ OPENAI_API_KEY: 'sk-x' })).toMatchObject({
    openai: undefined,
    notices: [expect.stringContaining('OPENAI_API_KEY is ignored')],
  });
  expect(readConfig({ OPENAI_API_KEY: 'sk-x', OPENAI_MODEL: 'm' })).toMatchObject({
    openai: { model: 'm' },
    notices: [],
  });
});

test('an endpoint alone is refused', () => {
  expect(() => readConfig({ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' })).toThrow('OPENAI_MODEL is missing');
});

test.each([
  ['https://work.example', 'https://work.example'],
  ['https://work.example/holdfast//', 'https://work.example/holdfast'],
])('%s is where people reach the service', (given, publicUrl) => {
  expect(readConfig({ HOLDFAST_PUBLIC_URL: given })).toMatchObject({ publicUrl });
});

test.each(['work.example', 'ftp://work.example', 'https://work.example/?a', 'https://u:p@work.example'])(
  '%s is not where people reach the service',
  (HOLDFAST_PUBLIC_URL) => {
    expect(() => readConfig({ HOLDFAST_PUBLIC_URL })).toThrow('HOLDFAST_PUBLIC_URL');
  },
);
