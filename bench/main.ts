// `npm run bench <name> [-- --json]`: runs a benchmark and prints what it measured. `engine` also takes `--only <cell>`, `--quick` and
// `--runs <number>`.

import { parseArgs } from 'node:util';
import { benchDispatch } from './dispatch.ts';
import { benchDocuments } from './documents.ts';
import { benchEngine, type EngineBenchOptions } from './engine.ts';
import { type Measurement, print } from './measurement.ts';

type Bench = (say: (line: string) => void, options: EngineBenchOptions) => Promise<Measurement[]>;

const BENCHES: Record<string, Bench> = {
  documents: benchDocuments,
  dispatch: benchDispatch,
  engine: benchEngine,
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
  print(await bench((line) => process.stderr.write(`${line}\n`), options), values.json);
} else {
  process.stderr.write(
    `Which benchmark? One of: ${Object.keys(BENCHES).join(', ')}. For example: npm run bench documents\n`,
  );
  process.exitCode = 2;
}
