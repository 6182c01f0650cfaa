// What the environment may set, read once into a frozen value. Every problem is reported, not just the first.

import { z } from 'zod';
import { Unavailable } from './core/errors.ts';

export interface Config {
  /** The application's Postgres, or undefined for the embedded one. */
  readonly databaseUrl: string | undefined;
  /** Where the embedded server keeps its data. */
  readonly dataDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly role: 'all' | 'api' | 'worker';
  /** The lanes this process takes runs from; undefined for all of them. */
  readonly lanes: readonly string[] | undefined;
  readonly auth: 'off' | 'keys';
  /** Where people reach the service, without a slash at its end; undefined for where it listens. */
  readonly publicUrl: string | undefined;
  readonly models: {
    /** The file with endpoints and model classes, and whether it has to be there. */
    readonly file: string;
    readonly isRequired: boolean;
    /** Returns a variable that such a file refers to. */
    readonly variable: (name: string) => string | undefined;
  };
  readonly openai: { baseUrl: string; apiKey?: string; model: string } | undefined;
  /** Which engine writes checkpoints: ours, or the SDK's own, on the same tables. */
  readonly engine: 'holdfast' | 'stock';
  readonly logLevel: LogLevel;
  readonly logFormat: 'pretty' | 'json';
  /** How long running steps may go on after the process was told to stop. */
  readonly graceMs: number;
  /** How long the process waits for its database when it starts. */
  readonly databaseDeadlineMs: number;
  /** How long a run waits for a process that has its workflow before it is held. */
  readonly missingWorkflowMs: number;
  /** What was set and has no effect, in sentences for the log. */
  readonly notices: readonly string[];
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

const optional = <S extends z.ZodType>(schema: S) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

const wholeNumber = (least: number, most: number) =>
  z.string().regex(/^\d+$/, 'is not a whole number').transform(Number).pipe(z.number().min(least).max(most));

const Environment = z.object({
  DATABASE_URL: optional(
    z.string().regex(/^postgres(ql)?:\/\/./, 'is not of the form postgresql://user:password@host:port/database'),
  ),
  HOLDFAST_DATA_DIR: optional(z.string()),
  PORT: optional(wholeNumber(0, 65_535)),
  HOST: optional(z.string()),
  HOLDFAST_ROLE: optional(z.enum(['all', 'api', 'worker'])),
  HOLDFAST_LANES: optional(z.string().regex(/^[\w.-]+(,[\w.-]+)*$/, 'is not a list of lanes with commas between them')),
  HOLDFAST_AUTH: optional(z.enum(['off', 'keys'])),
  HOLDFAST_PUBLIC_URL: optional(
    z
      .url({ protocol: /^https?$/, error: 'is not an http(s) address' })
      .regex(/^[^?#@]*$/, 'must have no query, no fragment and no password in it')
      .transform((url) => url.replace(/\/+$/, '')),
  ),
  HOLDFAST_MODELS: optional(z.string()),
  OPENAI_BASE_URL: optional(z.url({ protocol: /^https?$/, error: 'is not an http(s) address' })),
  OPENAI_API_KEY: optional(z.string()),
  OPENAI_MODEL: optional(z.string()),
  HOLDFAST_ENGINE: optional(z.enum(['holdfast', 'stock'])),
  LOG_LEVEL: optional(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])),
  LOG_FORMAT: optional(z.enum(['pretty', 'json'])),
  HOLDFAST_GRACE_SECONDS: optional(wholeNumber(0, 3600)),
  HOLDFAST_DATABASE_DEADLINE_SECONDS: optional(wholeNumber(0, 3600)),
  HOLDFAST_MISSING_WORKFLOW_SECONDS: optional(wholeNumber(1, 86_400)),
});

type Environment = z.output<typeof Environment>;

/** Returns the environment of this process, with some of it given otherwise. */
export function currentEnvironment(overrides: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { ...process.env, ...overrides };
}

/** Returns the variable that lets a whole test run use the other engine: `HOLDFAST_ENGINE=stock npm test`. */
export function engineOfTests(): { HOLDFAST_ENGINE?: string | undefined } {
  return { HOLDFAST_ENGINE: process.env.HOLDFAST_ENGINE };
}

/**
 * Returns the configuration that `environment` describes.
 * @throws Unavailable `invalid_configuration`, naming every variable that is wrong. Values are not repeated: one may be a secret.
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const parsed = Environment.safeParse(environment);
  const problems = parsed.success ? contradictions(parsed.data) : parsed.error.issues.map(problemOf);
  if (!parsed.success || problems.length > 0) {
    throw new Unavailable(
      'invalid_configuration',
      `The environment has ${problems.length === 1 ? 'a problem' : 'problems'}: ${problems.join('; ')}.`,
      problems,
    );
  }
  return Object.freeze(configOf(parsed.data, environment));
}

function configOf(env: Environment, all: NodeJS.ProcessEnv): Config {
  const host = env.HOST ?? '127.0.0.1';
  return {
    databaseUrl: env.DATABASE_URL,
    dataDirectory: env.HOLDFAST_DATA_DIR ?? '.holdfast/postgres',
    host,
    port: env.PORT ?? 3000,
    role: env.HOLDFAST_ROLE ?? 'all',
    lanes: env.HOLDFAST_LANES?.split(','),
    auth: env.HOLDFAST_AUTH ?? (LOOPBACK.has(host) ? 'off' : 'keys'),
    publicUrl: env.HOLDFAST_PUBLIC_URL,
    models: {
      file: env.HOLDFAST_MODELS ?? 'models.yaml',
      isRequired: env.HOLDFAST_MODELS !== undefined,
      variable: (name) => all[name],
    },
    openai: openaiOf(env),
    engine: env.HOLDFAST_ENGINE ?? 'holdfast',
    logLevel: env.LOG_LEVEL ?? 'info',
    // The log goes to standard error.
    logFormat: env.LOG_FORMAT ?? (process.stderr.isTTY ? 'pretty' : 'json'),
    graceMs: (env.HOLDFAST_GRACE_SECONDS ?? 10) * 1000,
    databaseDeadlineMs: (env.HOLDFAST_DATABASE_DEADLINE_SECONDS ?? 30) * 1000,
    missingWorkflowMs: (env.HOLDFAST_MISSING_WORKFLOW_SECONDS ?? 60) * 1000,
    notices: noticesOf(env),
  };
}

function openaiOf(env: Environment): Config['openai'] {
  if (env.OPENAI_MODEL === undefined) return undefined;
  return {
    baseUrl: env.OPENAI_BASE_URL ?? 'https://api.openai.com/v1',
    model: env.OPENAI_MODEL,
    ...(env.OPENAI_API_KEY === undefined ? {} : { apiKey: env.OPENAI_API_KEY }),
  };
}

/** Many shells have a key set for other programs; without a model's name it is not meant for us. */
function noticesOf(env: Environment): string[] {
  if (env.OPENAI_API_KEY === undefined || env.OPENAI_MODEL !== undefined) return [];
  return ['OPENAI_API_KEY is ignored, because OPENAI_MODEL does not say which model to ask for.'];
}

function contradictions(env: Environment): string[] {
  const problems: string[] = [];
  if (env.OPENAI_MODEL === undefined && env.OPENAI_BASE_URL !== undefined) {
    problems.push('OPENAI_MODEL is missing: it says which model to ask for at OPENAI_BASE_URL');
  }
  if (env.OPENAI_MODEL !== undefined && env.OPENAI_BASE_URL === undefined && env.OPENAI_API_KEY === undefined) {
    problems.push('OPENAI_MODEL needs OPENAI_API_KEY, or OPENAI_BASE_URL of an endpoint that asks for no key');
  }
  if (env.HOLDFAST_AUTH === 'off' && env.HOST !== undefined && !LOOPBACK.has(env.HOST)) {
    problems.push(
      'HOLDFAST_AUTH=off is refused unless HOST is a loopback address: everybody who reaches the port could start runs',
    );
  }
  return problems;
}

function problemOf(issue: z.core.$ZodIssue): string {
  const message = issue.code === 'invalid_value' ? `is none of ${issue.values.join(', ')}` : issue.message;
  return `${issue.path.join('.')} ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}
