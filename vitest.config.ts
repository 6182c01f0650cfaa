import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: { 'holdfast/testing': source('./src/testing.ts'), holdfast: source('./src/index.ts') },
  },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: ['test/crash/**', 'test/fixtures/**', 'node_modules/**'],
    globalSetup: ['test/support/postgres.global.ts'],
    pool: 'forks',
    // More than there are cores on small machines: many tests wait.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
