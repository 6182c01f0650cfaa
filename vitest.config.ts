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
    setupFiles: ['test/support/no-left-overs.ts'],
    pool: 'forks',
    // To load the app and what it imports anew for each file would take as long as the tests. A file that replaces modules
    // (`vi.mock`) resets them before and after.
    isolate: false,
    // More than there are cores on small machines: many tests wait.
    maxWorkers: 3,
    // Each start of an app starts a thread, and many tests start processes: what they load is compiled once.
    env: { NODE_COMPILE_CACHE: source('./node_modules/.cache/compiled') },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
