import { expect, test } from 'vitest';
import { failureLine, sdkLogger } from '../../src/engine/logger.ts';

test.each([
  ['{"json":{"code":"no_tea","message":"none\\nleft"}}', 'no_tea: none left'],
  ['{"name":"Error","message":"oh"}', 'workflow_failed: oh'],
  ['{"json":"a text was thrown"}', 'workflow_failed: a text was thrown'],
  ['not JSON', 'workflow_failed: not JSON'],
  [null, 'workflow_failed: no error is recorded'],
])('the failure %s is one line', (recorded, words) => {
  expect(failureLine('r1', 'Shop.order', recorded)).toBe(`Run r1 of Shop.order failed with ${words}`);
});

test("the SDK's own line about a failed run is of interest only when debugging", () => {
  const lines: string[] = [];
  const note = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  const log = sdkLogger({ debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') });
  log.error('it broke', { error: new Error('it broke') });
  log.error('no inputs');
  expect(lines).toEqual(['debug it broke', 'warn no inputs']);
});
