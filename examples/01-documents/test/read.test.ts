import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import { afterAll, expect, test } from 'vitest';
import { LARGEST_BYTES, LONGEST_TEXT } from '../read/limits.ts';
import { closeReaders, readDocument } from '../read/read-document.ts';
import { docx, encryptedPdf, pdf } from './support/make.ts';

afterAll(closeReaders);

const sample = (name: string): Uint8Array => readFileSync(new URL(`../samples/${name}`, import.meta.url));
const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

test.each([
  ['readme.md', 'markdown', 'Tidewatch reads water levels'],
  ['pep-0754.rst', 'rst', 'IEEE 754'],
  ['order.eml', 'text', 'three pressure gauges'],
  ['article.html', 'html', 'finger-like branches'],
  ['protokoll.txt', 'text', 'Überschuss von 2.340,50 EUR'],
  ['note-latin1.txt', 'text', 'À partir du lundi 9 mars, le café'],
  ['invoice.pdf', 'pdf', 'Total due: EUR 3,961.50'],
  ['letter.docx', 'docx', 'Dear Ms Lind,\n\nthank you'],
])('%s is read as %s', async (name, format, text) => {
  const document = await readDocument({ name, bytes: sample(name) });
  expect(document.format).toBe(format);
  expect(document.text).toContain(text);
});

test('the bytes decide what a document is, whatever its name and its type say', async () => {
  const file = await pdf([['A page of text']], 'Made in a test');
  expect(await readDocument({ name: 'x.txt', contentType: 'text/plain', bytes: file })).toMatchObject({
    format: 'pdf',
    title: 'Made in a test',
    pages: 1,
  });
  expect(await readDocument({ name: 'x.pdf', contentType: 'application/pdf', bytes: docx(['Hello']) })).toMatchObject({
    format: 'docx',
  });
  expect(await readDocument({ name: 'x.docx', bytes: bytes('<!doctype html><title>T</title><p>Hello') })).toMatchObject(
    { format: 'html', title: 'T' },
  );
});

test('pages are read in order, and a title is taken from where there is one', async () => {
  const document = await readDocument({ name: 'x.pdf', bytes: await pdf([['first'], ['second'], ['third']]) });
  expect(document.text).toMatch(/first[\s\S]*second[\s\S]*third/);
  const page = await readDocument({
    name: 'x.html',
    bytes: bytes(
      '<html><nav>menu</nav><h1>Big <b>words</b></h1><script>no</script><p>A&amp;B<br>C<ul><li>one</ul></html>',
    ),
  });
  expect(page).toMatchObject({ title: 'Big words', text: '# Big words\n\nA&B\nC\n\n- one' });
});

test.each([
  ['utf-8 with a mark', Buffer.from('\uFEFFgrüß dich', 'utf8'), undefined],
  ['utf-16 with a mark', Buffer.from('\uFEFFgrüß dich', 'utf16le'), undefined],
  ['utf-16 little-endian without one', Buffer.from('grüß dich, und noch viel mehr', 'utf16le'), undefined],
  ['utf-16 big-endian without one', Buffer.from('grüß dich, und noch viel mehr', 'utf16le').swap16(), undefined],
  ['latin-1, declared', Buffer.from('grüß dich', 'latin1'), 'text/plain; charset=iso-8859-1'],
  [
    'latin-1, declared as utf-8',
    Buffer.from('grüß dich, ihr schönen Bäume und Büsche überall', 'latin1'),
    'text/plain; charset=utf-8',
  ],
  ['latin-1, not declared', Buffer.from('grüß dich, ihr schönen Bäume und Büsche überall', 'latin1'), undefined],
  ['utf-8, declared as latin-1', Buffer.from('grüß dich', 'utf8'), 'text/plain; charset=iso-8859-1'],
])('%s is decoded', async (_what, given, contentType) => {
  expect((await readDocument({ name: 'a.txt', contentType, bytes: given })).text).toContain('grüß dich');
});

test('the text can be stored: no NUL, no half characters, one kind of line end', async () => {
  const { text } = await readDocument({
    name: 'a.txt',
    bytes: bytes('one\u0000two\r\nthree\rfour\u2028five and enough text behind it to be a text'),
  });
  expect(text).toMatch(/^onetwo\nthree\nfour\nfive and/);
  expect(text.isWellFormed()).toBe(true);
});

test.each([
  ['an empty file', new Uint8Array(), 'document_empty'],
  ['a file of blanks', bytes(' \n\t\n'), 'document_no_text'],
  ['a file that is too large', new Uint8Array(LARGEST_BYTES + 1), 'document_too_large'],
  ['random bytes', randomBytes(50_000), 'document_binary'],
  ['zeros', new Uint8Array(50_000), 'document_binary'],
  [
    'an image',
    Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), randomBytes(500)]),
    'document_binary',
  ],
  ['another kind of archive', zipSync({ 'a.txt': bytes('hello') }), 'document_binary'],
  ['a PDF that asks for a password', encryptedPdf(), 'document_encrypted'],
  ['a PDF that is none', bytes('%PDF-1.7\nnothing of the kind'), 'document_broken'],
  ['half a DOCX', docx(['Hello '.repeat(500)]).slice(0, 700), 'document_broken'],
])('%s is refused by name and reason', async (_what, given, code) => {
  const error: { code: string; message: string } = await readDocument({ name: 'my file', bytes: given }).then(
    () => ({ code: 'none', message: '' }),
    (reason: { code: string; message: string }) => reason,
  );
  expect(error.code).toBe(code);
  expect(error.message).toMatch(/^'my file' /);
});

test('half a PDF is refused, or read as far as it goes', async () => {
  const whole = await pdf([['first'], ['second']]);
  const outcome = await readDocument({ name: 'x.pdf', bytes: whole.slice(0, whole.length / 2) }).catch(
    (error: { code: string }) => error.code,
  );
  expect(['document_broken', 'document_no_text']).toContain(typeof outcome === 'string' ? outcome : 'document_broken');
});

test('a PDF without text is told from a broken one', async () => {
  await expect(readDocument({ name: 'scan.pdf', bytes: await pdf([[]]) })).rejects.toMatchObject({
    code: 'document_no_text',
  });
});

test('a document that would fill the memory is not opened', async () => {
  const bomb = docx(['x'], { 'word/media/bomb.xml': new Uint8Array(210 * 1024 * 1024) });
  expect(bomb.length).toBeLessThan(1024 * 1024);
  await expect(readDocument({ name: 'bomb.docx', bytes: bomb })).rejects.toMatchObject({ code: 'document_bomb' });
});

test('nesting without end is read like any other page', async () => {
  const { text } = await readDocument({ name: 'deep.html', bytes: bytes(`<html>${'<div>'.repeat(20_000)}bottom`) });
  expect(text).toBe('bottom');
});

test('what goes beyond the longest text is cut off, and said to be', async () => {
  const { text, warnings } = await readDocument({
    name: 'long.txt',
    bytes: Buffer.alloc(LONGEST_TEXT + 1000, 'word '),
  });
  expect(text.length).toBe(LONGEST_TEXT);
  expect(warnings.join()).toContain('only the first');
});
