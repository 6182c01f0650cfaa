// How Postgres executed what a test did: the server explains every statement to the connection that sent it.

import type { Knex } from 'knex';
import pg from 'pg';
import { openDatabase } from '../../src/postgres/connection.ts';

/** One statement, as it was executed. */
export interface Plan {
  text: string;
  /** The largest number of rows that any node of the plan returned, or looked at in vain, in all its loops. */
  mostRows: number;
}

export interface Explained {
  db: Knex;
  pool: pg.Pool;
  /** Runs `act` and returns the plans of all statements that it sent through `db` or `pool`. */
  plansOf(act: () => Promise<unknown>): Promise<Plan[]>;
  close(): Promise<void>;
}

const SETTINGS = {
  session_preload_libraries: 'auto_explain',
  client_min_messages: 'log',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_timing': 'off',
};

/** Connects to the database of `url` in the two ways in which the product does. */
export function explained(url: string): Explained {
  const parsed = new URL(url);
  const own = Object.entries(SETTINGS).map(([name, value]) => `-c ${name}=${value}`);
  const options = [parsed.searchParams.get('options'), ...own].filter(Boolean).join(' ');
  parsed.search = `options=${encodeURIComponent(options)}`;
  const texts: string[] = [];
  const listen = (client: pg.Client): void => {
    client.on('notice', ({ message = '' }) => {
      if (message.includes('plan:')) texts.push(message);
    });
  };
  const db = openDatabase(parsed.href, { max: 1, name: 'explained' });
  db.client.pool.on('createSuccess', (_id: number, client: pg.Client) => listen(client));
  const pool = new pg.Pool({ connectionString: parsed.href, max: 1 });
  pool.on('connect', (client) => listen(client as pg.Client));
  return {
    db,
    pool,
    plansOf: async (act) => {
      texts.length = 0;
      await act();
      return texts.map((text) => ({ text, mostRows: mostRows(text) }));
    },
    close: async () => {
      await Promise.all([db.destroy(), pool.end()]);
    },
  };
}

function mostRows(text: string): number {
  const returned = [...text.matchAll(/actual rows=([\d.]+) loops=(\d+)/g)].map(
    ([, rows, loops]) => Number(rows) * Number(loops),
  );
  const refused = [...text.matchAll(/Rows Removed by [\w ]+: (\d+)/g)].map(([, rows]) => Number(rows));
  return Math.max(0, ...returned, ...refused);
}
