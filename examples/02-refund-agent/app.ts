// The application: an agent that resolves customers' tickets, and the table that it writes its notes into.

import { createApp } from 'holdfast';
import { Refunds } from './refunds.ts';

export default createApp({
  services: [Refunds],
  lanes: { support: { concurrency: 50 } },
  migrations: new URL('./migrations/', import.meta.url),
});
