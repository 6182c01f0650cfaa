// The tests that kill processes (`npm run test:crash`): apart from the others because they take minutes, and one file at a
// time because they measure how soon a run goes on.

import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/crash/**/*.test.ts'],
    exclude: ['node_modules/**'],
    fileParallelism: false,
    isolate: true,
    testTimeout: 300_000,
  },
});
