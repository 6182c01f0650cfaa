// `kill -9` three times in the middle of a batch of fifty documents, at moments that a seed decides.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { COUNTED, type DocumentsWorld, openDocumentsWorld } from './support/documents-world.ts';
import { randomFrom } from './support/random.ts';

const DOCUMENTS = 50;
const KILLS = 3;

let world: DocumentsWorld;

beforeAll(async () => {
  world = await openDocumentsWorld({ answerMs: 200 });
});

afterAll(() => world?.close());

test.each([1, 2])(
  'every document of a batch is analysed once, whatever is killed (seed %i)',
  { timeout: 90_000 },
  async (seed) => {
    const random = randomFrom(seed);
    const documents = Array.from({ length: DOCUMENTS }, (_, n) => world.document(`seed${seed}_document${n}`));
    const repeated: string[] = [];
    let service = await world.start();
    let enough = bodiesBegin(1 + Math.floor(random() * 45));
    const { body: batch } = await service.call('POST', '/v1/workflows/Documents.analyzeBatch/runs', {
      body: { documents },
    });
    let settled = new Map<string, number>();
    for (let kill = 0; kill < KILLS; kill += 1) {
      await enough;
      await service.kill();
      repeated.push(...ranAgain(settled));
      settled = await recordedCounts();
      // Counted from before the start: a process takes runs up before it says that it is ready.
      enough = bodiesBegin(1 + Math.floor(random() * 45));
      service = await world.start();
    }
    const { body: ended } = await service.call('GET', `/v1/runs/${String(batch.id)}/result?wait=30`);
    repeated.push(...ranAgain(settled));
    await service.kill();

    expect(ended).toMatchObject({ status: 'succeeded', result: { total: DOCUMENTS, succeeded: DOCUMENTS, failed: 0 } });
    expect(repeated).toEqual([]);
    const rows = await world.database.query(
      `SELECT d.name, count(*)::int AS rows FROM documents d JOIN holdfast.runs r ON r.id = d.run_id
      WHERE r.parent_id = $1 AND r.status = 'succeeded' GROUP BY d.name`,
      [batch.id],
    );
    expect(rows.filter((row) => row.rows === 1)).toHaveLength(DOCUMENTS);
  },
);

/** Resolves when so many bodies have begun. Each of the fifty documents begins one at once, and takes a while for it. */
function bodiesBegin(bodies: number): Promise<void> {
  let left = bodies;
  return new Promise((resolve) => {
    world.onBody = () => {
      left -= 1;
      if (left === 0) resolve();
    };
  });
}

/** How often each body ran whose outcome is recorded by now. */
async function recordedCounts(): Promise<Map<string, number>> {
  const recorded = [...(await world.recorded())].filter((key) => COUNTED.some((step) => key.endsWith(` ${step}`)));
  return new Map(recorded.map((key) => [key, world.counts.get(key)!]));
}

function ranAgain(settled: Map<string, number>): string[] {
  return [...settled].filter(([key, count]) => world.counts.get(key) !== count).map(([key]) => key);
}
