// Questions to a database that may be away for a moment.

import pg from 'pg';
import { until } from '../../support/until.ts';

/** Asks on a connection of its own, and again when that is lost, because tests end connections, and their own ones among them. */
export async function patientQuery<Row = any>(url: string, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  return until('an answer of the database', async () => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query(sql, parameters)).rows as Row[];
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== undefined && /^(42|23)/.test(code)) throw error;
      return undefined;
    } finally {
      await client.end().catch(() => {});
    }
  });
}
