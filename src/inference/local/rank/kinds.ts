// The kinds of document that the local model knows. What is code, data, a log or a page is told by its shape, not by
// its words.

import type { Kind } from './kind.ts';
import { addressedKinds } from './kinds-addressed.ts';
import { publishedKinds } from './kinds-published.ts';

export const kinds: readonly Kind[] = [
  ...publishedKinds,
  ...addressedKinds,
  { name: 'source code', aliases: ['code', 'source', 'script', 'program', 'snippet', 'software'], cues: [] },
  {
    name: 'data',
    aliases: ['dataset', 'data set', 'csv', 'json', 'table', 'spreadsheet', 'configuration', 'config', 'xml'],
    cues: [],
  },
  { name: 'log', aliases: ['logs', 'log file', 'logfile', 'trace', 'stack trace'], cues: [] },
  { name: 'web page', aliases: ['webpage', 'website', 'html', 'web site', 'page', 'landing page'], cues: [] },
];
