// The application: which services it has, how many of their runs go at a time, and where its tables are described.

import { fileURLToPath } from 'node:url';
import { createApp } from 'holdfast';
import { Documents } from './documents.ts';

/** The SQL files are not compiled: from the built `dist/examples/01-documents/` they lie in the source folder. */
const here = fileURLToPath(new URL('.', import.meta.url)).replace(
  /([/\\])dist[/\\](examples[/\\]01-documents)/,
  '$1$2',
);

export default createApp({
  services: [Documents],
  lanes: { documents: { concurrency: 20 }, batches: { concurrency: 50 } },
  migrations: `${here}migrations`,
});
