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
