// An app for processes that are stopped and killed: its steps report to a witness outside, who also says when they may go on.

import { fileURLToPath } from 'node:url';
import { createApp, currentRunId, db, progress, sleep, step, stepContext, transaction, workflow } from 'holdfast';

export class Work {
  /** Two steps that the witness sees, and a row. */
  @workflow()
  static async job(name: string) {
    const first = await Work.report(`${name}-1`);
    const second = await Work.report(`${name}-2`);
    await Work.write(name);
    return [first, second];
  }

  /** Moves money about in several transactions, with a step between them. */
  @workflow()
  static async transfers(name: string) {
    for (let n = 0; n < 4; n += 1) {
      await Work.pay(name, `payment ${n}`);
      await Work.think(5);
    }
    await Work.write(name);
  }

  /** Does nothing for two days. */
  @workflow()
  static async sleeper() {
    await progress('asleep');
    await sleep('48h');
  }

  @step()
  static async report(name: string): Promise<string> {
    const response = await fetch(`${process.env.WITNESS_URL}/${name}`, { signal: stepContext().signal });
    return response.text();
  }

  @step()
  static async think(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  @transaction()
  static async write(name: string): Promise<void> {
    await db().raw('INSERT INTO effects (run_id, name) VALUES (?, ?)', [currentRunId()!, name]);
  }

  @transaction()
  static async pay(account: string, name: string): Promise<void> {
    await db().raw('INSERT INTO effects (run_id, name) VALUES (?, ?)', [currentRunId()!, name]);
    await db().raw(
      `INSERT INTO accounts (name, balance) VALUES (?, 1)
       ON CONFLICT (name) DO UPDATE SET balance = accounts.balance + 1`,
      [account],
    );
  }
}

export default createApp({
  services: [Work],
  lanes: { default: { concurrency: 10 } },
  // The SQL files are not compiled: they lie beside this file's source.
  migrations: fileURLToPath(new URL('../../test/crash/apps/migrations', import.meta.url)),
});
