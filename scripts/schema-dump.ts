// Writes docs/schema.sql: what the migrations make of an empty database, read back from its catalogue, so that a change of the schema
// shows in a review. With `--check` it writes nothing, and fails when the file differs.

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { migrateEngine } from '../src/engine/migrate.ts';
import { startEmbedded } from '../src/postgres/embedded/server.ts';
import { migrate, migrationsDirectory } from '../src/postgres/migrations.ts';

const FILE = fileURLToPath(new URL('../docs/schema.sql', import.meta.url));
const SCHEMA = 'holdfast';
const HEAD = `-- The schema ${SCHEMA} as migrations/ make it: tables, functions, then views, each in the order of their names.
-- Written by scripts/schema-dump.ts, and compared by \`npm run check\`. Tables are private; the views are the contract.
`;

interface Relation {
  oid: number;
  name: string;
  kind: string;
  comment: string | null;
}

interface Column {
  relation: number;
  name: string;
  type: string;
  required: boolean;
  value: string | null;
  identity: string;
  generated: string;
  comment: string | null;
}

/** A whole statement or a constraint that belongs to a relation. */
interface Part {
  relation: number;
  definition: string;
}

interface Catalogue {
  relations: Relation[];
  columns: Column[];
  constraints: Part[];
  statements: Part[];
  functions: { definition: string; comment: string | null }[];
}

/** Relations that have no statement of their own: indexes come with their tables, sequences with their columns. */
const RELATIONS = `
  SELECT c.oid::int, c.relname AS name, c.relkind AS kind, obj_description(c.oid, 'pg_class') AS comment
    FROM pg_class c
   WHERE c.relnamespace = $1::regnamespace
     AND c.relkind <> 'i'
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND c.relkind = 'S' AND d.deptype IN ('a', 'i'))
   ORDER BY c.relname COLLATE "C"`;

const COLUMNS = `
  SELECT a.attrelid::int AS relation, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
         pg_get_expr(d.adbin, d.adrelid) AS value, a.attidentity AS identity, a.attgenerated AS generated,
         col_description(a.attrelid, a.attnum) AS comment
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
   ORDER BY a.attrelid, a.attnum`;

/** Without the constraints for NOT NULL, which stand beside their columns. */
const CONSTRAINTS = `
  SELECT conrelid::int AS relation, format('CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) AS definition
    FROM pg_constraint
   WHERE connamespace = $1::regnamespace AND conrelid <> 0 AND contype IN ('p', 'u', 'f', 'c', 'x')
   ORDER BY array_position('{p,u,f,c,x}', contype::text), conname COLLATE "C"`;

const STATEMENTS = `
  SELECT * FROM (
    SELECT i.indrelid::int AS relation, pg_get_indexdef(i.indexrelid) AS definition
      FROM pg_index i
      JOIN pg_class c ON c.oid = i.indexrelid
     WHERE c.relnamespace = $1::regnamespace
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT t.tgrelid::int, pg_get_triggerdef(t.oid)
      FROM pg_trigger t
      JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = $1::regnamespace AND NOT t.tgisinternal
  ) AS statements
   ORDER BY definition COLLATE "C"`;

const FUNCTIONS = `
  SELECT pg_get_functiondef(oid) AS definition, obj_description(oid, 'pg_proc') AS comment
    FROM pg_proc
   WHERE pronamespace = $1::regnamespace AND prokind IN ('f', 'p')
   ORDER BY proname COLLATE "C", pg_get_function_identity_arguments(oid) COLLATE "C"`;

async function readCatalogue(client: pg.Client): Promise<Catalogue> {
  // With an empty path every name is written with its schema.
  await client.query(`SET search_path = ''`);
  const read = async <Row extends pg.QueryResultRow>(sql: string) => (await client.query<Row>(sql, [SCHEMA])).rows;
  return {
    relations: await read<Relation>(RELATIONS),
    columns: await read<Column>(COLUMNS),
    constraints: await read<Part>(CONSTRAINTS),
    statements: await read<Part>(STATEMENTS),
    functions: await read<Catalogue['functions'][number]>(FUNCTIONS),
  };
}

/** Returns the text of the dump. @throws Error for a kind of relation that nobody has needed so far, rather than to leave it out */
async function dump(client: pg.Client): Promise<string> {
  const catalogue = await readCatalogue(client);
  const unknown = catalogue.relations.find(({ kind }) => !['r', 'v'].includes(kind));
  if (unknown)
    throw new Error(
      `${SCHEMA}.${unknown.name} is of the kind '${unknown.kind}', which scripts/schema-dump.ts cannot write yet.`,
    );
  const tables = catalogue.relations.filter(({ kind }) => kind === 'r').map((table) => tableText(table, catalogue));
  const functions = catalogue.functions.map(
    ({ definition, comment }) => `${remark(comment)}${definition.trimEnd()};\n`,
  );
  const views: string[] = [];
  for (const view of catalogue.relations.filter(({ kind }) => kind === 'v'))
    views.push(await viewText(client, view, catalogue));
  return [HEAD, ...tables, ...functions, ...views].join('\n');
}

function tableText({ oid, name, comment }: Relation, { columns, constraints, statements }: Catalogue): string {
  const own = columns.filter(({ relation }) => relation === oid);
  const parts = [
    ...aligned(own).map((text, index) => ({ text, comment: own[index]!.comment })),
    ...constraints
      .filter(({ relation }) => relation === oid)
      .map(({ definition }) => ({ text: definition, comment: null })),
  ];
  const lines = parts.map(
    (part, index) => `${remark(part.comment, '  ')}  ${part.text}${index === parts.length - 1 ? '' : ','}\n`,
  );
  const after = statements.filter(({ relation }) => relation === oid).map(({ definition }) => `${definition};\n`);
  return `${remark(comment)}CREATE TABLE ${SCHEMA}.${name} (\n${lines.join('')});\n${after.join('')}`;
}

/** The columns of a view are part of its contract, so their types and comments are written before what they are computed from. */
async function viewText(client: pg.Client, { oid, name, comment }: Relation, { columns }: Catalogue): Promise<string> {
  const own = columns.filter(({ relation }) => relation === oid);
  const lines = aligned(own).map(
    (text, index) => `--   ${text}${own[index]!.comment === null ? '' : `: ${own[index]!.comment}`}\n`,
  );
  const { rows } = await client.query<{ definition: string }>('SELECT pg_get_viewdef($1::oid, true) AS definition', [
    oid,
  ]);
  return `${remark(comment)}${lines.join('')}CREATE VIEW ${SCHEMA}.${name} AS\n${rows[0]!.definition}\n`;
}

/** One line a column, the types below each other. */
function aligned(columns: Column[]): string[] {
  const width = Math.max(...columns.map(({ name }) => name.length));
  return columns.map((column) => [column.name.padEnd(width), column.type, ...qualities(column)].join(' '));
}

function qualities({ required, value, identity, generated }: Column): string[] {
  const found = required ? ['NOT NULL'] : [];
  if (identity !== '') found.push(`GENERATED ${identity === 'a' ? 'ALWAYS' : 'BY DEFAULT'} AS IDENTITY`);
  if (value !== null)
    found.push(
      generated === '' ? `DEFAULT ${value}` : `GENERATED ALWAYS AS (${value})${generated === 's' ? ' STORED' : ''}`,
    );
  return found;
}

function remark(comment: string | null, indent = ''): string {
  return comment === null ? '' : `${comment.replace(/^/gm, `${indent}-- `)}\n`;
}

/** Runs `use` on a database that was made by the migrations, on a server that is gone afterwards. */
async function onFreshDatabase<T>(use: (client: pg.Client) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-schema-'));
  await chmod(directory, 0o755);
  const server = await startEmbedded({ dataDir: join(directory, 'postgres'), settings: { fsync: 'off' } });
  try {
    await migrateEngine(server.url());
    await migrate(server.url(), { directory: migrationsDirectory(), schema: SCHEMA, table: 'migrations' });
    const client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Returns the first line in which the two texts differ, for people. */
function firstDifference(expected: string, found: string): string {
  const [wanted, present] = [expected.split('\n'), found.split('\n')];
  const index = wanted.findIndex((line, at) => line !== present[at]);
  const at = index === -1 ? wanted.length : index;
  return `line ${at + 1} is "${present[at] ?? ''}", but the migrations make "${wanted[at] ?? ''}"`;
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const text = await onFreshDatabase(dump);
if (values.check) {
  const found = await readFile(FILE, 'utf8').catch(() => '');
  if (found !== text) {
    console.error(
      `docs/schema.sql is not what the migrations make: ${firstDifference(text, found)}. Run \`node scripts/schema-dump.ts\`.`,
    );
    process.exitCode = 1;
  }
} else {
  await writeFile(FILE, text);
}
