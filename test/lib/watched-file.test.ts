// A file is followed through everything that editors and platforms do to files.

import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FileState, WatchedFile } from '../../src/lib/watched-file.ts';
import { until } from '../support/until.ts';

const NEVER_MS = 3_600_000;
let folder: string;
let path: string;
let seen: FileState[];
let file: WatchedFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watched-'));
  path = join(folder, 'settings');
  seen = [];
});

afterEach(async () => {
  await file.stop();
  await rm(folder, { recursive: true, force: true });
});

function follow(lookEveryMs: number, of = path): Promise<FileState> {
  file = new WatchedFile(of, (state) => seen.push(state), lookEveryMs);
  return file.start();
}

async function last(state: FileState): Promise<void> {
  await until(JSON.stringify(state), () => JSON.stringify(seen.at(-1)) === JSON.stringify(state));
}

test('events tell of changes in place, of another file in its place, of its end and its return', async () => {
  await writeFile(path, 'one');
  expect(await follow(NEVER_MS)).toEqual({ text: 'one' });
  await writeFile(path, 'two');
  await last({ text: 'two' });
  await writeFile(`${path}.new`, 'three');
  await rename(`${path}.new`, path);
  await last({ text: 'three' });
  await rm(path);
  await last({ error: 'ENOENT' });
  await writeFile(path, 'four');
  await last({ text: 'four' });
  expect(seen).toHaveLength(4);
});

test('looks tell where there are no events: the file is a link into another folder, or its folder comes later', async () => {
  const other = join(folder, 'other');
  await mkdir(other);
  await writeFile(join(other, 'real'), 'one');
  await symlink(join(other, 'real'), path);
  expect(await follow(10)).toEqual({ text: 'one' });
  await writeFile(join(other, 'real'), 'two');
  await last({ text: 'two' });
  await file.stop();

  const later = join(folder, 'later', 'settings');
  expect(await follow(10, later)).toEqual({ error: 'ENOENT' });
  await mkdir(join(folder, 'later'));
  await writeFile(later, 'here');
  await last({ text: 'here' });
});

test('links that are exchanged as Kubernetes does it are followed by events', async () => {
  for (const version of ['v1', 'v2']) {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, 'settings'), version);
  }
  await symlink('v1', join(folder, '..data'));
  await symlink(join('..data', 'settings'), path);
  expect(await follow(NEVER_MS)).toEqual({ text: 'v1' });
  await symlink('v2', join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  await last({ text: 'v2' });
});

test('a file that is being written is told of when it is done, not with each write', async () => {
  await writeFile(path, 'whole');
  await follow(NEVER_MS);
  await writeFile(path, '');
  for (let length = 1; length <= 20; length += 1) {
    await writeFile(path, 'x'.repeat(length));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await last({ text: 'x'.repeat(20) });
  expect(seen.length).toBeLessThan(10);
});

test('what is no file to read is told by its error', async () => {
  await mkdir(path);
  expect(await follow(NEVER_MS)).toEqual({ error: 'EISDIR' });
  await file.stop();
  await rm(path, { recursive: true });
  await writeFile(path, '');
  await truncate(path, 5_000_000);
  expect(await follow(NEVER_MS)).toEqual({ error: 'EFBIG' });
});

test('after its end nothing is told, and the same content is not told twice', async () => {
  await writeFile(path, 'one');
  await follow(10);
  await writeFile(path, 'one');
  await writeFile(path, 'two');
  await last({ text: 'two' });
  await file.stop();
  await writeFile(path, 'three');
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(seen).toEqual([{ text: 'two' }]);
});
