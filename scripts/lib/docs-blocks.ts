// The code in the documentation: it names its language, and what can be checked of that language without running it is checked.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CodeBlock, codeBlocks } from './markdown.ts';
import { checkSnippets } from './snippets.ts';
import type { Violation } from './violation.ts';

/** The languages that pages may use. Shell commands are run by the tests of the documentation. */
const LANGUAGES = new Set(
  'ts tsx js json jsonc sql sh console yaml text diff http dotenv dockerfile mermaid'.split(' '),
);

/** Returns what is wrong with the code blocks of `pages`. */
export function checkBlocks(root: string, pages: string[], files: string[]): Violation[] {
  const blocks = pages.flatMap((page) => codeBlocks(page, root));
  const commands = npmScripts(root);
  const found = blocks.flatMap((block) => {
    const message = problemWith(root, block, files, commands);
    return message === undefined ? [] : [{ file: block.file, line: block.line, message }];
  });
  const snippets = blocks.filter((block) => block.language === 'ts' && block.from === undefined);
  return [...found, ...checkSnippets(root, snippets)];
}

function problemWith(root: string, block: CodeBlock, files: string[], commands: Set<string>): string | undefined {
  if (!LANGUAGES.has(block.language)) {
    return `has a code block in '${block.language}': name its language after the fence (${[...LANGUAGES].join(', ')}).`;
  }
  if (block.from !== undefined) return quoteProblem(root, block, block.from, files);
  if (block.language === 'json') return jsonProblem(block.text);
  if (block.language === 'sql') return sqlProblem(block.text);
  if (block.language === 'sh' || block.language === 'console') return commandProblem(block.text, commands);
  return undefined;
}

/** A quotation occurs in its file word for word, indentation apart; a line `// …` stands for lines that are left out. */
function quoteProblem(root: string, block: CodeBlock, from: string, files: string[]): string | undefined {
  if (!files.includes(from)) return `quotes '${from}', which is not in the repository.`;
  const source = trimLines(readFileSync(join(root, from), 'utf8'));
  const parts = trimLines(block.text).split(/^(?:\/\/|--|#) (?:…|\.\.\.)$/m);
  const missing = parts.map((part) => part.trim()).find((part) => !source.includes(part));
  return missing === undefined
    ? undefined
    : `quotes '${from}', but it does not contain '${missing.split('\n')[0]} …' as shown.`;
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .join('\n');
}

function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `has JSON that does not parse: ${(error as Error).message}`;
  }
}

/** What can be said about SQL without a server: it is a list of finished statements with quotes and parentheses closed. */
function sqlProblem(text: string): string | undefined {
  const code = text.replaceAll(/\$(\w*)\$[\s\S]*?\$\1\$|'(?:[^']|'')*'|"[^"]*"|--.*|\/\*[\s\S]*?\*\//g, (match) =>
    match.startsWith('-') || match.startsWith('/*') ? '' : 'x',
  );
  if (/['"]/.test(code)) return 'has SQL with a quote that is not closed.';
  if (code.split('(').length !== code.split(')').length) return 'has SQL whose parentheses do not match.';
  return code.trim().endsWith(';') ? undefined : 'has SQL that does not end with a semicolon.';
}

function commandProblem(text: string, commands: Set<string>): string | undefined {
  const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map((match) => match[1]!);
  const unknown = named.find((name) => !commands.has(name));
  return unknown === undefined ? undefined : `calls 'npm run ${unknown}', which package.json does not have.`;
}

function npmScripts(root: string): Set<string> {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts?: object };
  return new Set(Object.keys(scripts ?? {}));
}
