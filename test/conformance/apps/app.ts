// The app of the conformance suite: every durable verb of the public API, in workflows small enough to compare row by row.

import { type AppOptions, configured } from '../../../src/index.ts';
import { Branches } from './branches.ts';
import { Desk } from './desk.ts';
import { Ledger } from './ledger.ts';
import { Steps } from './steps.ts';
import { Waits } from './waits.ts';

export const CONFORMANCE_APP: AppOptions = {
  name: 'conformance',
  services: [
    Steps,
    Waits,
    Branches,
    Ledger,
    Desk,
    configured('eu', new Desk('Europe')),
    configured('us', new Desk('America')),
  ],
  lanes: {
    single: { concurrency: 1 },
    narrow: { globalConcurrency: 1 },
    restarts: { concurrency: 1 },
    rated: { rate: { limit: 100, periodSeconds: 60 } },
    children: { concurrency: 5 },
  },
  migrations: new URL('migrations', import.meta.url),
};
