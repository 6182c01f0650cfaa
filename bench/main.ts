// `npm run bench <name> [-- --json]`: runs a benchmark and prints what it measured.

import { parseArgs } from 'node:util';
import { benchDispatch } from './dispatch.ts';
import { benchDocuments } from './documents.ts';
import { type Measurement, print } from './measurement.ts';

const BENCHES: Record<string, (say: (line: string) => void) => Promise<Measurement[]>> = {
  documents: benchDocuments,
  dispatch: benchDispatch,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
});
const name = positionals[0] ?? '';
const bench = BENCHES[name];
if (bench) {
  print(await bench((line) => process.stderr.write(`${line}\n`)), values.json);
} else {
  process.stderr.write(
    `Which benchmark? One of: ${Object.keys(BENCHES).join(', ')}. For example: npm run bench documents\n`,
  );
  process.exitCode = 2;
}
