// A process that migrates a database, to be killed in the middle of it.

import { migrate } from '../../../src/postgres/migrations.ts';

const [url, directory] = process.argv.slice(2);
await migrate(url!, { directory: directory!, schema: 'holdfast', table: 'app_migrations' });
