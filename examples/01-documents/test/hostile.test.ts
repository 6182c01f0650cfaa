import { afterAll, expect, test } from 'vitest';
import { closeReaders, readDocument } from '../read/read-document.ts';
import { ReaderThreads } from '../read/reader-threads.ts';
import { slowPdf } from './support/make.ts';

afterAll(closeReaders);

const page = { name: 'cats.html', bytes: Buffer.from('<html><title>Cats</title><p>Cats are nice animals.') };

test('documents that take long do not keep others waiting, and leave when nobody wants them any more', async () => {
  const given = new AbortController();
  const slow = { name: 'slow.pdf', bytes: slowPdf() };
  let ended = 0;
  const outcomes = Array.from({ length: 4 }, () =>
    readDocument(slow, given.signal).catch((error: unknown) => {
      ended += 1;
      return error;
    }),
  );
  expect(await readDocument(page)).toMatchObject({ text: 'Cats are nice animals.' });
  expect(ended).toBe(0);
  const reason = new Error('given up');
  given.abort(reason);
  expect(await Promise.all(outcomes)).toEqual([reason, reason, reason, reason]);
  expect(await readDocument(page)).toMatchObject({ title: 'Cats' });
}, 20_000);

test('a document that takes too long is refused after its second try', async () => {
  const threads = new ReaderThreads(2, { first: 200, long: 400 });
  const failure = await threads.read({ name: 'slow.pdf', bytes: slowPdf() }, new AbortController().signal);
  expect(failure).toMatchObject({ code: 'document_timeout', reason: expect.stringContaining('within 0.4 seconds') });
  await threads.close();
});

test('a document that is not read in its first try is read in its second', async () => {
  const threads = new ReaderThreads(2, { first: 1, long: 10_000 });
  expect(await threads.read(page, new AbortController().signal)).toMatchObject({ text: 'Cats are nice animals.' });
  await threads.close();
});
