// TypeScript in the documentation is compiled against the public API, and mistakes are reported where the page has them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blocksOf } from '../../scripts/lib/markdown.ts';
import { checkSnippets } from '../../scripts/lib/snippets.ts';
import { linkDependencies, REPOSITORY, temporaryTree } from './temporary-tree.ts';

const PAGE = `# A page

\`\`\`ts
import { greet } from 'holdfast';
const text: string = greet('Anna');
\`\`\`

\`\`\`ts
import { greet, part } from 'holdfast';
greet(42);
\`\`\`

\`\`\`ts continues
const wrong: number = greet('Anna');
\`\`\`

\`\`\`ts
text.trim();
\`\`\`
`;

test('mistakes in snippets are found, and only those', () => {
  const root = temporaryTree({
    'package.json': '{ "name": "holdfast", "type": "module" }',
    'tsconfig.json': readFileSync(join(REPOSITORY, 'tsconfig.json'), 'utf8'),
    'src/index.ts': 'export function greet(name: string): string {\n  return `Hello ${name}`;\n}\n',
    'src/testing.ts': 'export {};\n',
  });
  linkDependencies(root);
  const problems = checkSnippets(root, blocksOf('README.md', PAGE));
  expect(problems.map(({ file, line, message }) => `${file}:${line} ${message}`)).toEqual([
    expect.stringMatching(/^README\.md:9 TS2305: .* no exported member 'part'/),
    expect.stringMatching(/^README\.md:10 TS2345: .*number/),
    expect.stringMatching(/^README\.md:14 TS2322: /),
    expect.stringMatching(/^README\.md:18 TS2304: Cannot find name 'text'/),
  ]);
});
