// The application: which services it has, how many of their runs go at a time, and where its tables are described.

import { createApp } from 'holdfast';
import { Documents } from './documents.ts';

export default createApp({
  services: [Documents],
  lanes: { documents: { concurrency: 20 }, batches: { concurrency: 50 } },
  migrations: new URL('./migrations/', import.meta.url),
});
