import { expect, test } from 'vitest';
import { textForPeople } from '../../src/steps/effect-url.ts';

test.each([
  ['nothing to see here: 404, sk, Basic English', 'nothing to see here: 404, sk, Basic English'],
  [
    'POST https://ana:pw@shop.example/v1/refunds?token=abc&dry answered "no"',
    'POST https://shop.example/v1/refunds?token=…&… answered "no"',
  ],
  ['see <https://hooks.example/services/T024BE7LH8AbCdEfGhIjKl0123>.', 'see <https://hooks.example/services/T024BE…>.'],
  ['header Authorization: Bearer eyJhbGciOi.J9-_x was refused', 'header Authorization: Bearer … was refused'],
  ['Incorrect API key provided: sk-proj-abc123DEF456', 'Incorrect API key provided: sk-…'],
])('%s', (text, shown) => {
  expect(textForPeople(text)).toBe(shown);
});
