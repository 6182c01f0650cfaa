// What a tool may not be declared as does not compile, and the compiler says what is missing.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const FOLDER = 'test/fixtures/tool-types';
const COMPILER = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));

/** The compiler's messages by the line that they are about; the lines that follow a message belong to it. */
function messagesByLine(): Map<number, string> {
  const { stdout } = spawnSync(process.execPath, [COMPILER, '-p', `${FOLDER}/tsconfig.json`, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  const messages = new Map<number, string>();
  let line = 0;
  for (const text of stdout.split('\n')) {
    const at = /forbidden\.ts\((\d+),\d+\): error/.exec(text);
    if (at) line = Number(at[1]);
    else if (/: error TS/.test(text)) line = 0;
    messages.set(line, `${messages.get(line) ?? ''}${text}\n`);
  }
  return messages;
}

test('each forbidden declaration is refused where it stands, with a message that says what is missing', () => {
  const lines = readFileSync(`${FOLDER}/forbidden.ts`, 'utf8').split('\n');
  const expected = lines.flatMap((text, index) => {
    const says = /^\s*\/\/ error: (.*)$/.exec(text)?.[1];
    // The declaration begins in the line after the comment; lines count from 1.
    return says ? [{ line: index + 2, says }] : [];
  });
  const found = messagesByLine();
  // Of other files, and of none.
  found.delete(0);
  expect(expected).toHaveLength(15);
  expect([...found.keys()].sort((a, b) => a - b)).toEqual(expected.map(({ line }) => line));
  for (const { line, says } of expected) expect(found.get(line)).toContain(says);
});
