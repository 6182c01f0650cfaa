// What a text is made of, by its looks alone: prose, an HTML page, program code, a log, or data; decided before
// anything reads it.

import { codeLines } from './block-rules.ts';
import { looksLikeHtml } from './html.ts';

export type Shape = 'prose' | 'html' | 'code' | 'log' | 'json' | 'rows' | 'config';

const sampleChars = 30_000;
const timestamped =
  /^[ \t]*(?:<\d{1,3}>)?[[(]?(?:\d{4}[-/]\d{2}[-/]\d{2}[T ]\d{2}:\d{2}|\d{2}:\d{2}:\d{2}|[A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2}|\d{10,13}\b)|^\S+ \S+ \S+ \[\d{2}\/[A-Z][a-z]{2}\/\d{4}:|^[ \t]*\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL)\]?[ :]/;
const codeMark =
  /^(?:#!|import\s|from \S+ import|package\s|use\s+\S+;|using\s+\S+;|#include|def\s|class\s|async\s|export\s|function\b|const\s|let\s|var\s|public\s|private\s|fn\s|func\s|impl\s|struct\s|type\s+\w+|interface\s|SELECT\s|CREATE\s|INSERT\s|@\w+)|[;{]\s*$|^[ \t]*(?:return|elif|raise|throw|try|catch|finally|def|self\.)\b|^[ \t]*(?:if|for|while|else|with|class)\b.*:\s*$|^[ \t]*[\w.]+ = \S/;

/** The shape of a text, judged by its first 30,000 characters. */
export function shapeOf(text: string): Shape {
  const sample = text.slice(0, sampleChars).replace(/\r\n?/g, '\n');
  if (looksLikeHtml(sample)) return 'html';
  if (isJson(text)) return 'json';
  const lines = sample.split('\n').filter((line) => line.trim() !== '');
  if (lines.length >= 3 && share(lines, timestamped) >= 0.6) return 'log';
  if (isRows(lines)) return 'rows';
  if (/^[ \t]*<\?xml|^[ \t]*<([a-z][\w:-]*)\b[^>]*>[\s\S]*<\/\1\s*>\s*$/i.test(sample)) return 'config';
  if (
    lines.length >= 5 &&
    share(
      lines,
      /^[ \t]*(?:- )?[a-z_][\w.-]*:(?:\s|$)|^[ \t]*- [\w."'-]+$|^[ \t]*#|^\[[\w.-]+\]$|^[a-z_][\w.-]*\s*=\s*\S/,
    ) >= 0.85
  )
    return 'config';
  return isCode(sample) ? 'code' : 'prose';
}

function share(lines: readonly string[], pattern: RegExp): number {
  return lines.filter((line) => pattern.test(line)).length / lines.length;
}

function isJson(text: string): boolean {
  const first = text.trimStart()[0];
  if (first !== '{' && first !== '[') return false;
  const candidates = [text, ...text.trim().split('\n', 1)];
  return candidates.some((candidate) => {
    try {
      return typeof JSON.parse(candidate) === 'object';
    } catch {
      return false;
    }
  });
}

/** Delimited rows: the same number of separators in nearly each line, and cells that are shorter than sentences. */
function isRows(lines: readonly string[]): boolean {
  if (lines.length < 3) return false;
  const sample = lines.slice(0, 60);
  return [',', '\t', ';', '|'].some((separator) => {
    const counts = sample.map((line) => line.replace(/"(?:[^"]|"")*"/g, '').split(separator).length - 1);
    const usual = counts.toSorted((a, b) => a - b)[Math.floor(counts.length / 2)]!;
    const even = counts.filter((count) => count === usual).length / counts.length;
    const cells = sample.join(separator).split(separator);
    const wordy = cells.filter((cell) => cell.trim().split(/\s+/).length > 8).length / cells.length;
    return usual >= (separator === ',' ? 2 : 1) && even >= 0.9 && wordy < 0.1;
  });
}

function isCode(sample: string): boolean {
  if (/^(?:[A-Z][\w-]*: .*\n){2}/.test(sample)) return false;
  const outside = sample
    .replace(/^[ \t]*(```|~~~)[\s\S]*?\n[ \t]*\1/gm, '')
    .replace(/("""|''')[\s\S]*?\1/g, '')
    .replace(/\/\*[\s\S]*?\*\//g, '');
  const lines = outside.split('\n').filter((line) => line.trim() !== '' && !/^[ \t]*(?:\/\/|#(?!!)|\*|--)/.test(line));
  if (lines.length < 3) return sample.startsWith('#!');
  const marks = lines.filter((line) => codeMark.test(line)).length;
  return codeLines(lines) >= 0.45 && marks / lines.length >= 0.15 && proseLines(lines) < 0.25;
}

function proseLines(lines: readonly string[]): number {
  const prose = lines.filter(
    (line) => /^[ \t]*[\p{L}(“"][^;{}=<>]*$/u.test(line) && line.trim().split(/\s+/).length >= 6,
  );
  return prose.length / lines.length;
}
