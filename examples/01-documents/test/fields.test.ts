import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documentTitle } from '../fields/document-title.ts';
import { findings } from '../fields/findings.ts';
import { headerBlock } from '../fields/header-block.ts';

const sample = (name: string): string => readFileSync(new URL(`../samples/${name}`, import.meta.url), 'utf8');

test.each([
  [
    'pep-0506.rst',
    {
      Title: 'Adding A Secrets Module To The Standard Library',
      Status: 'Final',
      Type: 'Standards Track',
      Created: '19-Sep-2015',
    },
  ],
  [
    'pep-0754.rst',
    {
      Title: 'IEEE 754 Floating Point Special Values',
      Status: 'Rejected',
      Type: 'Standards Track',
      Created: '28-Mar-2003',
    },
  ],
])('the header of %s is what it says', (name, expected) => {
  expect(headerBlock(sample(name))).toMatchObject(expected);
});

test('line ends, a byte order mark and folded lines do not matter', () => {
  const text =
    '\uFEFFPEP: 9999\r\nTitle: Colons: a study,\r\n  folded\r\nX-Extra-Field: yes\r\nStatus: Draft\r\n\r\nBody: text\r\n';
  expect(headerBlock(text)).toEqual({
    PEP: '9999',
    Title: 'Colons: a study, folded',
    'X-Extra-Field': 'yes',
    Status: 'Draft',
  });
});

test('a field without a value is kept, and one that is missing is missing', () => {
  expect(headerBlock('Title: x\nPost-History:\nStatus: Final\n\nText')).toEqual({
    Title: 'x',
    'Post-History': '',
    Status: 'Final',
  });
});

test('mail headers are unfolded, decoded, and joined where they repeat', () => {
  const header = headerBlock(
    'From x@y Mon Jan  1\nReceived: one\nReceived: two\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n =?utf-8?B?IMOk?=\nTo: a@b.example,\n\tc@d.example\n\nHello',
  );
  expect(header).toEqual({ Received: 'one, two', Subject: 'Grüße ä', To: 'a@b.example, c@d.example' });
});

test('control files, front matter, field lists and RFCs have headers, too', () => {
  expect(headerBlock('Package: tide\nVersion: 1.2\nDescription: short\n long text\n .\n more\n')).toEqual({
    Package: 'tide',
    Version: '1.2',
    Description: 'short long text more',
  });
  expect(headerBlock('---\ntitle: "A page"\ntags: [a, b]\nlist:\n  - x\n  - y\n---\nText')).toEqual({
    title: 'A page',
    tags: 'a, b',
    list: 'x, y',
  });
  expect(headerBlock('+++\ntitle = "A page"\n+++\nText')).toEqual({ title: 'A page' });
  expect(headerBlock('A title\n=======\n\n:Author: Someone\n:Date: 2026-01-02\n\nText')).toEqual({
    Author: 'Someone',
    Date: '2026-01-02',
  });
  const rfc =
    'Network Working Group                    S. Someone\nRequest for Comments: 2119          Some University\nBCP: 14                                  March 1997\n\n\n      Key words for use in RFCs\n';
  expect(headerBlock(rfc)).toEqual({ Title: 'Key words for use in RFCs', 'Request for Comments': '2119', BCP: '14' });
});

test.each([
  'Note: this is the beginning of a sentence.\nAnd it goes on: like this.\n',
  'Dear all: thank you.\n\nBest: me\n',
  '# A heading\n\nKey: value\nOther: value\n',
  '{"a": 1,\n"b": 2}',
  '',
])('prose has no header: %j', (text) => {
  expect(headerBlock(text)).toEqual({});
});

test('what has a form is found once and in order', () => {
  expect(
    findings(
      'On 12 March 2026 and 05-Jul-2001, again 2026-03-12, then 3/4/2026: EUR 1,280.50, $3 million, 2.340,50 EUR. a.b@c.example, https://x.example/y).',
    ),
  ).toEqual({
    dates: ['2026-03-12', '2001-07-05', '3/4/2026'],
    amounts: ['EUR 1,280.50', '$3 million', '2.340,50 EUR'],
    emails: ['a.b@c.example'],
    links: ['https://x.example/y'],
  });
});

test('a hostile text is searched in bounded time', () => {
  const startedAt = performance.now();
  for (const piece of ['1,', '$1', 'a@', 'a.', 'http://', '=?utf-8?q?', 'A: \n']) {
    findings(piece.repeat(200_000));
    headerBlock(piece.repeat(50_000));
  }
  expect(performance.now() - startedAt).toBeLessThan(15_000);
});

test('a title is looked for where a person would', () => {
  const title = (text: string, given: { title?: string; name?: string } = {}) =>
    documentTitle({ text, name: 'file.txt', ...given }, headerBlock(text));
  expect(title('Subject: Hello\nFrom: me\n\n# Other')).toBe('Hello');
  expect(title('# Other', { title: ' Metadata ' })).toBe('Metadata');
  expect(title('[![badge](a)](b)\n\n# **Tide** [watch](x) #\n')).toBe('Tide watch');
  expect(title('Intro\n\nReal title\n==========\n\ntext')).toBe('Real title');
  expect(title('\n\n  First words of it\nmore')).toBe('First words of it');
  expect(title('1 2 3\n')).toBe('file.txt');
});
