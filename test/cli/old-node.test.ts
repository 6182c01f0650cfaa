import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { holdfast, MAIN } from './support.ts';

/** Makes the process believe that it is an older one; `import.meta.main` is not there either before Node 24.2. */
const OLD = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})`;

test.each([[['start', 'dist/examples/01-documents/app.js']], [['doctor']], [['--version']], [[]]])(
  'on a Node that is too old %j says so and fails',
  async (args) => {
    const { code, stdout, stderr } = await holdfast(args, { NODE_OPTIONS: `--import="${OLD}"` });
    expect(stderr).toMatch(/^holdfast: Node 20\.20\.2 is too old\b.*\b24\b.*\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  },
);

test('the command is one for whoever starts it: also without import.meta.main, as in Node 24.0', async () => {
  const program = `import(${JSON.stringify(MAIN)})`;
  const version = await new Promise<string>((resolve) => {
    execFile(process.execPath, ['--input-type=module', '-e', program, '', '--version'], (_error, stdout) =>
      resolve(stdout),
    );
  });
  expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
});
