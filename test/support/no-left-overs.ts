// Test files share processes: what a file replaced is put back after it, and it has to have stopped its app, or those after it
// would find the place taken.

import { DBOS } from '@dbos-inc/dbos-sdk';
import { afterAll, vi } from 'vitest';

// Set up first, so this runs after what the file does at its end.
afterAll(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
  if (DBOS.isInitialized()) throw new Error('The tests of this file left an app running: stop it in `afterAll`.');
});
