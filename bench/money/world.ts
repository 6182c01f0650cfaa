// What a system of the money bench finds: tickets, a shop, a model and a database; and what it says afterwards of what it did.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startModelServer } from 'holdfast/testing';
import { withCluster } from '../engine/cluster.ts';
import { observe } from '../engine/observer.ts';
import { scriptOf } from './model.ts';
import type { Ticket } from './plan.ts';
import type { ShopReport, ShopSettings } from './shop.ts';

export interface World {
  tickets: readonly Ticket[];
  kills: number;
  seed: number;
  databaseUrl: string;
  /** What the processes of the system find the others by. */
  env: Record<string, string>;
  say: (line: string) => void;
}

/** What a system's own records say once it has come to rest. */
export interface Records {
  /** What became of the runs, by ticket; those that are missing have not ended. */
  ended: Map<string, 'succeeded' | 'failed'>;
  /** Tickets of which it says itself that something is left to be undone. */
  notUnwound: Set<string>;
  /** Whether it knows of an effect that the shop has in its books. */
  knows: (effect: { id: string; key: string }) => boolean;
  /** The keys of requests that it sent without knowing what became of them. */
  open: string[];
  kills: number;
  /** How often a run was under way in a process that was killed. */
  interruptions: number;
  seconds: number;
}

/** What there is to be counted once a system has come to rest. */
export interface Remains {
  records: Records;
  shop: ShopReport;
  /** How many notes there are on each order. */
  notes: Map<string, number>;
}

/** Has a system work through the tickets, in a world of its own, and returns what is left. */
export async function inWorld(
  { tickets, kills, seed, say }: Pick<World, 'tickets' | 'kills' | 'seed' | 'say'>,
  faults: Omit<ShopSettings, 'seed'>,
  work: (world: World) => Promise<Records>,
): Promise<Remains> {
  return withCluster(async (databaseUrl) => {
    const database = await observe(databaseUrl);
    await database.query('CREATE TABLE order_notes (order_id text NOT NULL, note text NOT NULL)');
    const shop = await startShop({ ...faults, seed });
    const model = await startModelServer(scriptOf(tickets), { record: false });
    try {
      const env = { SHOP_URL: shop.url, OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'stub' };
      const records = await work({ tickets, kills, seed, databaseUrl, env, say });
      const { rows } = await database.query<{ order: string; count: number }>(
        'SELECT order_id AS order, count(*)::integer AS count FROM order_notes GROUP BY order_id',
      );
      const notes = new Map(rows.map(({ order, count }) => [order, count]));
      return { records, shop: await shop.report(), notes };
    } finally {
      shop.stop();
      await model.close();
      await database.end();
    }
  });
}

async function startShop(
  settings: ShopSettings,
): Promise<{ url: string; report(): Promise<ShopReport>; stop(): void }> {
  const child = fork(fileURLToPath(new URL('./shop.js', import.meta.url)), [JSON.stringify(settings)]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    report: async () => (await (await fetch(`${url}/books`)).json()) as ShopReport,
    stop: () => void child.kill(),
  };
}
