// `holdfast doctor`: looks whether everything that a service needs is there, and says what to do where it is not.

import { createServer } from 'node:net';
import { Command } from 'commander';
import { type Config, readConfig } from '../config.ts';
import { nodeProblem } from './node-version.ts';
import { jsonOption, print } from './output.ts';

interface Finding {
  check: string;
  ok: boolean;
  detail: string;
}

const OLDEST_POSTGRES = 140_000;

/** Returns the command. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check Node, the configuration, the database and the port')
    .addOption(jsonOption())
    .action(async (flags: { json?: boolean }) => {
      const findings = await examine();
      const lines = findings.map(({ check, ok, detail }) => `${ok ? 'ok  ' : 'FAIL'}  ${check.padEnd(14)} ${detail}`);
      print(flags.json, findings, lines.join('\n'));
      if (findings.some((finding) => !finding.ok)) process.exitCode = 1;
    });
}

async function examine(): Promise<Finding[]> {
  const findings = [await attempt('node', async () => checkNode())];
  let config: Config | undefined;
  findings.push(
    await attempt('configuration', async () => {
      config = readConfig();
      return config.auth === 'keys' ? 'API keys are required' : 'authentication is off (loopback only)';
    }),
  );
  if (!config) return findings;
  const known = config;
  findings.push(await attempt('database', () => checkDatabase(known)));
  findings.push(await attempt('port', () => checkPort(known)));
  findings.push(
    await attempt('model', async () =>
      known.openai ? `${known.openai.model} at ${new URL(known.openai.baseUrl).host}` : 'offline local model',
    ),
  );
  return findings;
}

async function attempt(check: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { check, ok: true, detail: await look() };
  } catch (error) {
    return { check, ok: false, detail: (error as Error).message };
  }
}

function checkNode(): string {
  const problem = nodeProblem();
  if (problem !== undefined) throw new Error(problem);
  return `Node ${process.versions.node}`;
}

async function checkDatabase(config: Config): Promise<string> {
  const [{ migrateAll, reachDatabase }, { createLog }, { openDatabase }] = await Promise.all([
    import('../database.ts'),
    import('../observe/log.ts'),
    import('../postgres/connection.ts'),
  ]);
  const database = await reachDatabase(
    { ...config, databaseDeadlineMs: Math.min(config.databaseDeadlineMs, 5000) },
    createLog({ level: 'silent', format: 'json' }),
  );
  const db = openDatabase(database.url, { max: 1, name: 'holdfast doctor' });
  try {
    const { rows } = await db.raw<{ rows: { version: string; number: number; encoding: string }[] }>(
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
              current_setting('server_encoding') AS encoding`,
    );
    const { version, number, encoding } = rows[0]!;
    if (number < OLDEST_POSTGRES) throw new Error(`Postgres ${version} is too old: use 14 or newer.`);
    if (encoding !== 'UTF8') throw new Error(`The database's encoding is ${encoding}: create it with UTF8.`);
    const applied = await migrateAll(database.url, undefined);
    return `Postgres ${version}, ${database.description}, ${applied.length === 0 ? 'up to date' : `applied ${applied.join(', ')}`}`;
  } finally {
    await db.destroy();
    await database.stop();
  }
}

async function checkPort({ host, port }: Config): Promise<string> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  try {
    await promise;
    return `${host}:${port} is free`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`${host}:${port} is in use: a service may be running there already; PORT chooses another.`, {
      cause: error,
    });
  } finally {
    server.close();
  }
}
