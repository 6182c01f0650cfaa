// Technical texts that the tests of the local model read; everything that they describe is made up.

export const technicalTexts = {
  readme: `# Tidepool [![build](https://ci.example/badge.svg)](https://ci.example)

Tidepool is a small HTTP cache for Node.js services. It keeps responses in memory and refreshes them in the background.

## Installation

\`\`\`sh
npm install tidepool
\`\`\`

## Usage

\`\`\`js
import { pool } from 'tidepool';
const cached = pool({ ttl: '5m' });
\`\`\`

| option | default | meaning |
|---|---|---|
| ttl | 60s | how long an entry is fresh |

## Contributing

Please open an issue first. Every change needs a test.

## License

MIT
`,

  proposal: `Proposal: 42
Title: Named Anchors for the Harbour Format
Author: Ines Moreno <ines@harbour.example>, Paul Adler
Status: Draft
Created: 04-May-2026

Abstract
========

This proposal adds named anchors to the Harbour document format. Anchors let a reader link to a paragraph without counting lines.

Motivation
==========

Line numbers change whenever a document is edited, so that links which use them break. A survey of 300 documents found that 41% of
all deep links pointed to the wrong line within a year. Named anchors stay where their paragraph goes [1]_.

Specification
=============

An anchor is a word in braces at the end of a paragraph::

    The tide turns twice a day. {tides}

A parser MUST ignore anchors that it does not know. Two anchors of one document MUST NOT have the same name.

Rejected Ideas
==============

Anchors made from a hash of the paragraph were rejected, because every correction would break them.

References
==========

.. [1] https://harbour.example/survey
`,

  licence: `MIT License

Copyright (c) 2026 Harbour Contributors

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT.
`,

  changelog: `# Changelog

## 2.1.0 - 2026-04-02

### Added

- Entries can be pinned so that they never expire
- The cache reports its hit rate

### Fixed

- A refresh that fails no longer removes the old entry

## 2.0.1 - 2026-03-11

- Memory is given back after a flush
`,

  program: `// Counts the words of a text, longest first.

import { readFile } from 'node:fs/promises';

/** Returns the number of occurrences of each word. */
export function countWords(text) {
  const counts = new Map();
  for (const word of text.split(/\\s+/)) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

const text = await readFile(process.argv[2], 'utf8');
for (const [word, count] of countWords(text)) {
  console.log(word, count);
}
`,

  table: `id,name,city,amount,date
1,Anna,Berlin,12.50,2026-01-02
2,Bob,Paris,8.00,2026-01-03
3,Carla,Rome,22.10,2026-01-05
4,Dan,Oslo,5.75,2026-01-09
`,

  log: `2026-03-01T10:00:01Z INFO  server listening on port 8080
2026-03-01T10:00:07Z WARN  pool: connection took 812 ms
2026-03-01T10:01:33Z ERROR request failed: ECONNRESET (order 991)
2026-03-01T10:01:34Z INFO  retrying order 991
2026-03-01T10:01:35Z INFO  order 991 done
`,

  page: `<!DOCTYPE html><html><head><title>Opening hours &amp; prices | City Museum</title><style>p{color:red}</style></head><body><nav><a href="/">Home</a> <a href="/visit">Visit</a></nav>
<main><h1>Opening hours and prices</h1><p>The City Museum is open from Tuesday to Sunday, 10 am to 6 pm. It is closed on Mondays and on public holidays.</p>
<p>Tickets cost &euro;12 for adults and &euro;6 for students. Entry is free for children under twelve and, on the first Sunday of each month, for everybody.</p>
<h2>Guided tours</h2><ul><li>Tours in English start every Saturday at 2 pm and take about 75 minutes.</li><li>Groups of more than ten people should book two weeks in advance.</li></ul>
<p>Contact: <a href="mailto:visit@museum.example">visit@museum.example</a></p></main><footer>Imprint</footer></body></html>
`,

  incident: `# Incident report: checkout outage on 9 May 2026

## Executive summary

Between 14:02 and 14:47 UTC customers could not complete purchases because the payment service rejected every request with an expired certificate. About 3,100 orders failed, worth an estimated $212,000. No data was lost.

## Timeline

| Time (UTC) | Event |
|---|---|
| 14:02 | First alarms for failed payments |
| 14:11 | On-call engineer begins the investigation |
| 14:39 | New certificate issued |
| 14:47 | Error rate back to normal |

## Root cause

The certificate of the internal payment gateway expired at 14:00. Renewal had been automated in January, but the renewal job ran in an account without permission to write the secret. The job failed silently for six weeks because its exit code was ignored.

## Recommendations

- Alert when any certificate expires in fewer than 21 days.
- Fail the renewal job loudly when the secret cannot be written.
- Add the payment gateway to the quarterly disaster drill.
`,
};
