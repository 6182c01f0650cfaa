import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { hostIdentity, processIdentity } from '../../src/engine/process-identity.ts';

test('a process keeps its identity, and it is no other process', async () => {
  const own = processIdentity(process.pid);
  expect(own).toMatch(new RegExp(`^${process.pid}@`));
  expect(processIdentity(process.pid)).toBe(own);
  expect(processIdentity(process.ppid)).not.toBe(own);
});

test.runIf(process.platform === 'linux')('its start is read behind a name with blanks and parentheses', async () => {
  const child = spawn(process.execPath, [
    '-e',
    `process.title = 'a) b (c'; console.log('named'); setInterval(() => {}, 1000)`,
  ]);
  try {
    const [, start] = (processIdentity(child.pid!) ?? '').split('@');
    await once(child.stdout, 'data');
    expect(Number(start)).toBeGreaterThan(0);
    expect(processIdentity(child.pid!)).toBe(`${child.pid}@${start}`);
  } finally {
    child.kill('SIGKILL');
  }
});

test('a process that has ended has none', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  expect(processIdentity(child.pid!)).toBeDefined();
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(processIdentity(child.pid!)).toBeUndefined();
});

test('the host is told from others and from itself before its last boot', () => {
  expect(hostIdentity()).toMatch(/^.+\/.+$/);
  expect(hostIdentity()).toBe(hostIdentity());
});
