import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { listDocuments, loadDocument } from '../sources.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-sources-'));

const socket = createServer();

beforeAll(async () => {
  mkdirSync(join(root, 'letters', 'old'), { recursive: true });
  writeFileSync(join(root, 'letters', 'one.txt'), 'Dear all');
  await new Promise<void>((resolve) => socket.listen(join(root, 'socket'), resolve));
  vi.stubEnv('HOLDFAST_DOCUMENTS_DIR', root);
});

afterAll(() => {
  vi.unstubAllEnvs();
  socket.close();
  rmSync(root, { recursive: true });
});

interface Refusal {
  name: string;
  code: string;
  message: string;
}

async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  return work.then(
    () => ({ name: 'none', code: 'none', message: '' }),
    (error: Refusal) => error,
  );
}

test('a file below the document directory is read', async () => {
  const { bytes } = await loadDocument({ name: 'x', file: 'letters/one.txt' });
  expect(Buffer.from(bytes).toString()).toBe('Dear all');
});

test.each(['letters', 'letters/old/', '.', '', 'socket'])(
  "'%s' is no file: nothing is read or tried again",
  async (file) => {
    const { name, code, message } = await refusalOf(loadDocument({ name: 'x', file }));
    expect({ name, code }).toEqual({ name: 'TerminalError', code: 'not_a_file' });
    expect(message).toContain(`'${file}'`);
    expect(message).not.toContain(root);
  },
);

test.each(['gone.txt', 'letters/one.txt/more', '../', 'a\u0000b', 'x'.repeat(900)])(
  "there is no '%s', and where the directory is remains untold",
  async (file) => {
    const { name, code, message } = await refusalOf(loadDocument({ name: 'x', file }));
    expect({ name, code }).toEqual({ name: 'TerminalError', code: 'file_not_found' });
    expect(message).not.toContain(root);
  },
);

test('a batch of a file, and of a directory that does not exist, is refused in the same way', async () => {
  expect(await refusalOf(listDocuments('letters/one.txt'))).toMatchObject({
    code: 'not_a_directory',
    message: expect.not.stringContaining(root),
  });
  expect(await refusalOf(listDocuments('gone'))).toMatchObject({ code: 'file_not_found' });
});

test('a document directory that does not exist has no files', async () => {
  vi.stubEnv('HOLDFAST_DOCUMENTS_DIR', join(root, 'gone'));
  const { name, code, message } = await refusalOf(loadDocument({ name: 'x', file: 'one.txt' }));
  vi.stubEnv('HOLDFAST_DOCUMENTS_DIR', root);
  expect({ name, code }).toEqual({ name: 'TerminalError', code: 'file_not_found' });
  expect(message).not.toContain(root);
});
