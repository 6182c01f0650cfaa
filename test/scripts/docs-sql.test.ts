// SQL in the documentation runs on a migrated database that has the tables of the examples as well.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pagesOf } from '../../scripts/check-docs.ts';
import { blocksOf, type CodeBlock, codeBlocks } from '../../scripts/lib/markdown.ts';
import { repositoryFiles } from '../../scripts/lib/repository.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { REPOSITORY } from './temporary-tree.ts';

async function databaseWithExamples(): Promise<TestDatabase> {
  const database = await freshDatabase('docs');
  onTestFinished(() => database.drop());
  for (const file of globSync('examples/*/migrations/*.sql', { cwd: REPOSITORY }).toSorted()) {
    await database.query(readFileSync(join(REPOSITORY, file), 'utf8'));
  }
  return database;
}

/** Runs each block in a transaction that is rolled back; returns what Postgres refuses. */
async function refusals(database: TestDatabase, blocks: CodeBlock[]): Promise<string[]> {
  const refused: string[] = [];
  for (const { file, line, text } of blocks) {
    try {
      await database.query(`BEGIN; ${text}`);
    } catch (error) {
      refused.push(`${file}:${line} ${(error as Error).message}`);
    } finally {
      await database.query('ROLLBACK');
    }
  }
  return refused;
}

const sqlOf = (blocks: CodeBlock[]): CodeBlock[] => blocks.filter((block) => block.language === 'sql');

test('all of it runs', async () => {
  const blocks = pagesOf(repositoryFiles(REPOSITORY)).flatMap((page) => codeBlocks(page, REPOSITORY));
  expect(await refusals(await databaseWithExamples(), sqlOf(blocks))).toEqual([]);
});

test('what does not is named', async () => {
  const page = '```sql\nSELECT count(*) FROM holdfast.runs;\n```\n\n```sql\nSELECT colour FROM holdfast.runs;\n```\n';
  const refused = await refusals(await databaseWithExamples(), sqlOf(blocksOf('docs/page.md', page)));
  expect(refused).toEqual([expect.stringMatching(/^docs\/page\.md:6 column "colour" does not exist/)]);
});

test('every column of the views that are the contract has a comment', async () => {
  const page = readFileSync(join(REPOSITORY, 'docs/sql-views.md'), 'utf8');
  const relations = [...page.matchAll(/^\| `(holdfast\.\w+)` \|/gm)].map((match) => match[1]!);
  expect(relations.length).toBeGreaterThanOrEqual(4);
  const bare = await (
    await databaseWithExamples()
  ).query(
    `SELECT attrelid::regclass || '.' || attname AS name FROM pg_attribute JOIN pg_class c ON c.oid = attrelid AND c.relkind = 'v'
      WHERE attrelid = ANY($1::regclass[]) AND attnum > 0 AND NOT attisdropped AND col_description(attrelid, attnum) IS NULL`,
    [relations],
  );
  expect(bare).toEqual([]);
});
