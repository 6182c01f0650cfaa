// Test files share processes: each has to stop the app that it starts, or those after it would find the place taken.

import { DBOS } from '@dbos-inc/dbos-sdk';
import { afterAll } from 'vitest';

// Set up first, so this runs after what the file does at its end.
afterAll(() => {
  if (DBOS.isInitialized()) throw new Error('The tests of this file left an app running: stop it in `afterAll`.');
});
