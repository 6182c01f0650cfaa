// `holdfast doctor`: looks whether everything that a service needs is there, and says what to do where it is not.
// It changes nothing.

import { createServer } from 'node:net';
import { Command } from 'commander';
import { type Config, readConfig } from '../config.ts';
import type { Reachable } from '../database.ts';
import { nodeProblem } from './node-version.ts';
import { jsonOption, print } from './output.ts';

interface Finding {
  check: string;
  ok: boolean;
  detail: string;
}

const OLDEST_POSTGRES = 140_000;
const PATIENCE_MS = 5000;
/** Where to reach a server that listens on every address. */
const ANY_ADDRESS: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Returns the command. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check Node, the configuration, the database, the port and the models')
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
  findings.push(await attempt('models', () => checkModels(known)));
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
  const { hasCluster } = await import('../postgres/embedded/server.ts');
  if (config.databaseUrl === undefined && !hasCluster(config.dataDirectory)) {
    return `embedded Postgres, which the first start makes in ${config.dataDirectory}`;
  }
  const [{ reachDatabase }, { createLog }, { isMissingDatabase }] = await Promise.all([
    import('../database.ts'),
    import('../observe/log.ts'),
    import('../postgres/connection.ts'),
  ]);
  const impatient = { ...config, databaseDeadlineMs: Math.min(config.databaseDeadlineMs, PATIENCE_MS) };
  try {
    const database = await reachDatabase(impatient, createLog({ level: 'silent', format: 'json' }), false);
    try {
      return await describeDatabase(database);
    } finally {
      await database.stop();
    }
  } catch (error) {
    if (isMissingDatabase(error)) return 'the server answers; the first start creates the database';
    throw error;
  }
}

async function describeDatabase({ url, description }: Reachable): Promise<string> {
  const [{ pendingOurs }, { openDatabase }] = await Promise.all([
    import('../database.ts'),
    import('../postgres/connection.ts'),
  ]);
  const db = openDatabase(url, { max: 1, name: 'holdfast doctor' });
  try {
    const { rows } = await db.raw<{ rows: { version: string; number: number; encoding: string }[] }>(
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
              current_setting('server_encoding') AS encoding`,
    );
    const { version, number, encoding } = rows[0]!;
    if (number < OLDEST_POSTGRES) throw new Error(`Postgres ${version} is too old: use 14 or newer.`);
    if (encoding !== 'UTF8') throw new Error(`The database's encoding is ${encoding}: create it with UTF8.`);
    const pending = await pendingOurs(url);
    const state =
      pending.length === 0 ? 'up to date' : `the next start, or 'holdfast migrate', applies ${pending.join(', ')}`;
    return `Postgres ${version}, ${description}, ${state}`;
  } finally {
    await db.destroy();
  }
}

/** What the file or the environment defines. Which endpoints the app gives is not known here. */
async function checkModels({ models: { file, isRequired, variable }, openai }: Config): Promise<string> {
  const [{ readFile }, { classesNamed }, { problemLine, readModelsYaml }, { classesLine }] = await Promise.all([
    import('node:fs/promises'),
    import('../inference/registry/class-definition.ts'),
    import('../inference/registry/models-yaml.ts'),
    import('../inference/registry/view.ts'),
  ]);
  const source = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && !isRequired) return undefined;
    throw new Error(`${file} cannot be read (${error.code}): write it, or set HOLDFAST_MODELS to another file.`);
  });
  if (source === undefined) {
    return openai ? `${openai.model} at ${new URL(openai.baseUrl).host}` : 'offline local model';
  }
  const found = readModelsYaml(source, { variable });
  if (!found.ok) throw new Error(found.problems.map((problem) => problemLine(file, problem)).join('; '));
  const { endpoints, classes } = found.definition;
  const keys = [...endpoints.values()].flatMap(({ keyVariable }) => keyVariable ?? []);
  const listed = classesLine(
    [...classes].map(([name, definition]) => ({
      name,
      endpoints: definition.kind === 'endpoints' ? [...definition.endpoints] : [],
      classes: classesNamed(definition),
    })),
  );
  return `${file}: ${listed}${keys.length === 0 ? '' : `; set: ${[...new Set(keys)].join(', ')}`}`;
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
    if (await isServiceThere(host, port)) return `${host}:${port} is in use by a healthy service`;
    throw new Error(`${host}:${port} is in use by something else: stop that, or choose another port with PORT.`, {
      cause: error,
    });
  } finally {
    server.close();
  }
}

/** Whether what listens there answers as a Holdfast that lives. */
async function isServiceThere(host: string, port: number): Promise<boolean> {
  const name = ANY_ADDRESS[host] ?? host;
  const url = `http://${name.includes(':') ? `[${name}]` : name}:${port}/healthz`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return answer.ok && ((await answer.json()) as { status?: unknown }).status === 'ok';
  } catch {
    return false;
  }
}
