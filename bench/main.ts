// `npm run bench <name> [-- --json]`: runs a benchmark and prints what it measured. `engine`, `money`, `agent` and `inference` also take
// `--quick` and `--only <cell or system>`, the first two of them `--runs <number>`. The exit code is 1 when a figure is not what it must be.

import { parseArgs } from 'node:util';
import { benchAgent } from './agent.ts';
import { benchBudgets } from './budgets.ts';
import { benchDispatch } from './dispatch.ts';
import { benchDocuments } from './documents.ts';
import { benchEngine, type EngineBenchOptions } from './engine.ts';
import { benchInference } from './inference.ts';
import { benchLimits } from './limits.ts';
import { type Measurement, missed, print } from './measurement.ts';
import { benchMoney } from './money.ts';

type Bench = (say: (line: string) => void, options: EngineBenchOptions) => Promise<Measurement[]>;

const BENCHES: Record<string, Bench> = {
  documents: benchDocuments,
  dispatch: benchDispatch,
  engine: benchEngine,
  money: benchMoney,
  agent: benchAgent,
  inference: benchInference,
  limits: benchLimits,
  budgets: benchBudgets,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    runs: { type: 'string' },
  },
});
const name = positionals[0] ?? '';
const bench = BENCHES[name];
if (values.runs !== undefined && !/^[1-9]\d*$/.test(values.runs)) {
  process.stderr.write(`--runs takes a whole number, not '${values.runs}'.\n`);
  process.exitCode = 2;
} else if (bench) {
  const { quick, only, runs } = values;
  const options = { quick, only, runs: runs === undefined ? undefined : Number(runs) };
  const measurements = await bench((line) => process.stderr.write(`${line}\n`), options);
  print(measurements, values.json);
  const problems = missed(measurements);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
} else {
  process.stderr.write(
    `Which benchmark? One of: ${Object.keys(BENCHES).join(', ')}. For example: npm run bench documents\n`,
  );
  process.exitCode = 2;
}
