// An app whose runs wait for people, for processes that are killed and replaced by newer builds: BUILD says which one it is.

import { fileURLToPath } from 'node:url';
import { approve, createApp, currentRunId, db, transaction, workflow } from 'holdfast';

export class Orders {
  @workflow()
  static async order(name: string): Promise<{ by: string[]; build: string }> {
    const { approved, by } = await approve(`Order ${name}?`, { role: 'manager', expires: '7d', arguments: { name } });
    await Orders.note(`${name} ${approved ? 'yes' : 'no'} ${by.join(' ')}`);
    return { by, build: process.env.BUILD ?? '' };
  }

  @transaction()
  static async note(name: string): Promise<void> {
    await db()('effects').insert({ run_id: currentRunId(), name });
  }
}

export default createApp({
  services: [Orders],
  migrations: fileURLToPath(new URL('../../test/crash/apps/migrations', import.meta.url)),
});
