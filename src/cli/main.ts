#!/usr/bin/env node
// What `holdfast` starts: looks whether this Node is new enough before anything is loaded that it might not understand.

import { nodeProblem } from './node-version.ts';

const problem = nodeProblem();
if (problem === undefined) {
  const { runCli } = await import('./program.ts');
  process.exit(await runCli(process.argv.slice(2)));
}
process.stderr.write(`holdfast: ${problem}\n`);
process.exitCode = 1;
