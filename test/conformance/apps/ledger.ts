// Workflows with transactions: committed, rolled back, isolated, read-only, refused.

import { currentRunId, db, parallel, step, transaction, waitFor, workflow } from '../../../src/index.ts';
import { bodyRan } from './bodies.ts';

interface Coded extends Error {
  code?: string;
}

export class Ledger {
  @workflow()
  static async commits(names: string[]): Promise<unknown[]> {
    const seen: unknown[] = [];
    for (const name of names) seen.push(await Ledger.write(name));
    return [...seen, await Ledger.read()];
  }

  /** Transactions with a wait between them: what the first one recorded is there when the second one begins. */
  @workflow()
  static async waits(topic: string): Promise<unknown> {
    await Ledger.write('before');
    await waitFor(topic);
    await Ledger.write('after');
    return Ledger.read();
  }

  @workflow()
  static async rollsBack(caught: boolean): Promise<unknown> {
    await Ledger.write('kept');
    if (!caught) return Ledger.breaks('lost');
    const code = await Ledger.breaks('lost').catch((error: Coded) => error.code);
    return [code, await Ledger.read()];
  }

  /** Increments a counter in transactions that contend for it; none of the increments may be lost. */
  @workflow()
  static async contends({ count, isolation }: { count: number; isolation: string }): Promise<string> {
    const increment = isolation === 'serializable' ? Ledger.incrementSerializably : Ledger.incrementRepeatably;
    await parallel(Array.from({ length: count }), () => increment(`${currentRunId()}`));
    return Ledger.write('counted').then(({ name }) => name);
  }

  @workflow()
  static async refuses(): Promise<unknown[]> {
    const seen: unknown[] = [];
    seen.push(await Ledger.writeReadOnly().catch(codeOf));
    seen.push(await Ledger.violates().catch(codeOf));
    seen.push(await Ledger.unrecordable().catch(codeOf));
    seen.push(await Ledger.inStep().catch(codeOf));
    return [...seen, await Ledger.read()];
  }

  @transaction()
  static async write(name: string): Promise<{ name: string; at: Date }> {
    bodyRan(`write ${name}`);
    await db().raw('INSERT INTO effects (run_id, name) VALUES (?, ?)', [currentRunId()!, name]);
    return { name, at: new Date(0) };
  }

  @transaction()
  static async breaks(name: string): Promise<void> {
    bodyRan('breaks');
    await db().raw('INSERT INTO effects (run_id, name) VALUES (?, ?)', [currentRunId()!, name]);
    throw Object.assign(new Error('changed its mind'), { code: 'regret', details: { name } });
  }

  @transaction({ readOnly: true })
  static async read(): Promise<string[]> {
    bodyRan('read');
    const { rows } = await db().raw('SELECT name FROM effects WHERE run_id = ? ORDER BY name', [currentRunId()!]);
    return rows.map((row: { name: string }) => row.name);
  }

  @transaction({ isolation: 'serializable' })
  static async incrementSerializably(name: string): Promise<void> {
    return increment(name);
  }

  @transaction({ isolation: 'repeatable read', name: 'increment' })
  static async incrementRepeatably(name: string): Promise<void> {
    return increment(name);
  }

  @transaction({ readOnly: true })
  static async writeReadOnly(): Promise<void> {
    bodyRan('writeReadOnly');
    await db().raw(`INSERT INTO effects (run_id, name) VALUES ('nobody', 'never')`);
  }

  @transaction()
  static async violates(): Promise<void> {
    bodyRan('violates');
    await db().raw('INSERT INTO effects (run_id, name) VALUES (NULL, NULL)');
  }

  @transaction()
  static async unrecordable(): Promise<unknown> {
    bodyRan('unrecordable');
    await db().raw('INSERT INTO effects (run_id, name) VALUES (?, ?)', [currentRunId()!, 'unrecordable']);
    return { answer: () => 42 };
  }

  @step()
  static async inStep(): Promise<unknown> {
    bodyRan('inStep');
    return Ledger.write('in a step');
  }
}

function codeOf(error: Coded): string {
  return error.code ?? error.message;
}

/** Not counted as a body, and without a result: how often it loses against the others, and which comes first, is chance. */
async function increment(name: string): Promise<void> {
  await db().raw('INSERT INTO counters (name) VALUES (?) ON CONFLICT DO NOTHING', [name]);
  const { rows } = await db().raw('SELECT value FROM counters WHERE name = ?', [name]);
  const value = (rows[0] as { value: number }).value + 1;
  await db().raw('UPDATE counters SET value = ? WHERE name = ?', [value, name]);
}
