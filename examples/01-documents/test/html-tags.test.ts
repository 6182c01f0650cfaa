import fc from 'fast-check';
import { Parser } from 'htmlparser2';
import { expect, test } from 'vitest';
import { walkHtml } from '../read/html-tags.ts';
import { readHtml } from '../read/html.ts';

type Event = [kind: string, name: string, attributes?: Record<string, string>];

function walked(html: string): Event[] {
  const events: Event[] = [];
  walkHtml(html, {
    open: (name, attributes) => void events.push(['open', name, { ...attributes }]),
    text: (text) => void events.push(['text', text]),
    close: (name) => void events.push(['close', name]),
  });
  return events;
}

/** What the library's own parser says of the page; it writes names inside of drawings as the standard for those does. */
function parsed(html: string): Event[] {
  const events: Event[] = [];
  const parser = new Parser({
    onopentag: (name, attributes) => void events.push(['open', name.toLowerCase(), { ...attributes }]),
    ontext: (text) => void events.push(['text', text]),
    onclosetag: (name) => void events.push(['close', name.toLowerCase()]),
  });
  parser.end(html);
  return events;
}

const NAMES =
  'p b i a div ul li table tr td th tbody form input br img image svg math desc mi title script style textarea h1 h2 select option dd dt pre x'.split(
    ' ',
  );
const tag = fc.constantFrom(...NAMES);
const piece = fc.oneof(
  tag.map((name) => `<${name}>`),
  tag.map((name) => `</${name}>`),
  tag.map((name) => `<${name}/>`),
  tag.map((name) => `<${name} href="a&amp;b" HREF=c id='d' checked>`),
  fc.constantFrom(
    '><svg><foreignObject>',
    'word',
    ' ',
    '&amp;',
    '&uuml',
    '<!-- c -->',
    '<![CDATA[ d ]]>',
    '<!doctype html>',
    '<?xml?>',
    '<',
    '</',
    '<a ',
  ),
);

test('tags are opened and closed as HTML says, also those that a page leaves open', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      expect(walked(pieces.join(''))).toEqual(parsed(pieces.join('')));
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ['tags that nobody closes', '<p><b>', ''],
  ['ends of tags that nobody opened', '<b>', '</x>'],
  ['ends of paragraphs that nobody opened', '<b>', '</p>'],
  ['forms in forms', '<b>', '<form>'],
  ['drawings in drawings', '<svg>', ''],
  ['lists in lists', '<ul><li>', ''],
  ['cells without tables', '<b><td>', ''],
  ['attributes', '<a a b c d e f', ''],
  ['comments', '<!--', '<!'],
  ['titles', '<title>', '</titl'],
])('a page of %s is read in a time that grows with its length alone', (_what, first, second) => {
  const html = `<html>${first.repeat(100_000)}${second.repeat(100_000)}`;
  const startedAt = performance.now();
  readHtml(html);
  // What grows with the square of the length takes half a minute and more.
  expect(performance.now() - startedAt).toBeLessThan(3000);
});
