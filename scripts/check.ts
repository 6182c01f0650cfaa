// `npm run check`: everything that can be said about the repository by a machine, one line a check. Arguments: names of checks
// to run only those; `--no-tests` to leave the tests to somebody else; `--fix` to format and mend first what can be mended.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

/** A command; `node:` and a name of node_modules/.bin are what it may begin with. It has passed when it ends with exit code 0. */
type Command = readonly [program: string, ...args: string[]];

const CHECKS: Record<string, Command> = {
  format: ['oxfmt', '--check'],
  lint: ['oxlint', '--deny-warnings', '--report-unused-disable-directives'],
  types: ['tsc', '-p', 'tsconfig.json', '--noEmit'],
  'script types': ['tsc', '-p', 'scripts'],
  imports: ['node', 'scripts/check-imports.ts'],
  words: ['node', 'scripts/check-words.ts'],
  docs: ['node', 'scripts/check-docs.ts'],
  'dead code': ['knip', '--no-progress'],
  schema: ['node', 'scripts/schema-dump.ts', '--check'],
  build: ['node', 'scripts/prepare.mjs', '--build'],
  package: ['publint', '--strict'],
  tests: ['vitest', 'run'],
};

const FIXES: Command[] = [['oxlint', '--fix'], ['oxfmt']];

interface Outcome {
  passed: boolean;
  output: string;
}

/** Runs `command` with the programs of the development dependencies first, and returns all that it printed. */
async function run([program, ...args]: Command): Promise<Outcome> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { passed: code === 0, output: stdout + stderr };
}

/** Runs the check called `name`, says how it went, and returns whether it passed. */
async function check(name: string, command: Command): Promise<boolean> {
  const start = performance.now();
  const { passed, output } = await run(command);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name.padEnd(12)} ${seconds.padStart(6)} s`);
  if (!passed) console.log(`\n$ ${command.join(' ')}\n${output.trimEnd()}\n`);
  return passed;
}

function chosen(names: string[], withTests: boolean): [string, Command][] {
  const unknown = names.find((name) => !(name in CHECKS));
  if (unknown !== undefined) {
    throw new Error(`There is no check '${unknown}'. There are: ${Object.keys(CHECKS).join(', ')}.`);
  }
  const wanted = names.length > 0 ? names : Object.keys(CHECKS);
  return Object.entries(CHECKS).filter(([name]) => wanted.includes(name) && (withTests || name !== 'tests'));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: { fix: { type: 'boolean', default: false }, tests: { type: 'boolean', default: true } },
});
if (values.fix) for (const command of FIXES) await run(command);
const failed: string[] = [];
for (const [name, command] of chosen(positionals, values.tests)) {
  if (!(await check(name, command))) failed.push(name);
}
console.log(failed.length === 0 ? 'Everything passed.' : `Failed: ${failed.join(', ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;
