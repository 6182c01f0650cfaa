// Reads `models.yaml`: what it defines, or everything that is wrong with it, with line, column and field.

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { definitionOf, FileSchema, type ModelsDefinition } from './definition.ts';
import { classProblems, endpointProblems, type Found, meant, type Path, type Surroundings } from './models-checks.ts';
import { KNOWN_FIELDS } from './schema.ts';

/** One thing that is wrong with a file. No value of the file is repeated in it: one may be a key. */
export interface FileProblem {
  /** Both count from 1; null where the problem has no place in the file. */
  line: number | null;
  column: number | null;
  /** Such as `endpoints.cloud.price.input`; empty for the file as a whole. */
  field: string;
  message: string;
}

export type ReadFile = { ok: true; definition: ModelsDefinition } | { ok: false; problems: readonly FileProblem[] };

const LARGEST_CHARACTERS = 1_000_000;
const MOST_PROBLEMS = 50;
/** One slip makes a parser stumble over what follows. */
const MOST_SYNTAX_PROBLEMS = 3;

/** Returns what the text of a file defines, or what is wrong with it, in the order of its lines. */
export function readModelsYaml(source: string, surroundings: Surroundings = {}): ReadFile {
  if (source.length > LARGEST_CHARACTERS)
    return refused([wholeFile(`is longer than ${LARGEST_CHARACTERS} characters`)]);
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const broken = syntaxProblems(document, source, lines);
  if (broken.length > 0) return refused(broken.slice(0, MOST_SYNTAX_PROBLEMS));
  if (document.contents === null) return refused([wholeFile('is empty: it needs classes, such as small: [local]')]);
  let raw: unknown;
  try {
    raw = document.toJS();
  } catch {
    return refused([wholeFile('refers to itself too often: write out what its aliases stand for')]);
  }
  const parsed = FileSchema.safeParse(raw);
  const found = [
    ...(parsed.error?.issues ?? []).flatMap(foundIn),
    ...endpointProblems(raw, surroundings),
    ...classProblems(raw, surroundings.classes),
  ];
  if (found.length > 0) return refused(found.map((problem) => placed(document, lines, problem)));
  return { ok: true, definition: definitionOf(parsed.data!) };
}

/** Returns `problem` as one line: `models.yaml:3:5 endpoints.cloud.rpm must be a whole number above 0`. */
export function problemLine(file: string, { line, column, field, message }: FileProblem): string {
  const place = line === null ? file : `${file}:${line}:${column}`;
  return `${place} ${field === '' ? '' : `${field} `}${message}`;
}

/** Returns a problem of the file as a whole. */
export function wholeFile(message: string): FileProblem {
  return { line: null, column: null, field: '', message };
}

function refused(problems: FileProblem[]): ReadFile {
  const order = (problem: FileProblem): number => (problem.line ?? 0) * 1e6 + (problem.column ?? 0);
  return { ok: false, problems: problems.sort((a, b) => order(a) - order(b)).slice(0, MOST_PROBLEMS) };
}

function syntaxProblems(document: Document.Parsed, source: string, lines: LineCounter): FileProblem[] {
  const at = (offset: number, message: string): FileProblem => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col, field: '', message };
  };
  const problems = [...document.errors, ...document.warnings].map(({ pos, message }) =>
    source.slice(pos[0] - 1, pos[0] + 1) === '${'
      ? at(pos[0], 'is not YAML: between braces or brackets, ${NAME} has to be in quotes')
      : at(pos[0], `is not YAML: ${withoutQuotations(message)}`),
  );
  visit(document, {
    Alias(_key, alias) {
      if (!alias.resolve(document)) problems.push(at(alias.range?.[0] ?? 0, 'is not YAML: this alias has no anchor'));
    },
  });
  return problems;
}

/** What follows a colon may be quoted from the file. */
function withoutQuotations(message: string): string {
  if (message.startsWith('Source contains multiple documents')) return 'there is a second document in it';
  const [words] = message.split(/: |\n/);
  return words!.charAt(0).toLowerCase() + words!.slice(1).replace(/[.:]$/, '');
}

/** What stands in the place of a field may be a key: one that looks like no word is left out. */
const WORD = /^[A-Za-z_<-]{1,30}$/;

function foundIn(issue: z.core.$ZodIssue): Found[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      shown: [...path, WORD.test(key) ? key : '…'],
      message: unknownField(path, key),
      key: true,
    }));
  }
  // A name that cannot be one.
  if (issue.code === 'invalid_key') return [{ path, message: issue.issues[0]!.message, key: true }];
  return [{ path, message: issue.message }];
}

function unknownField(path: Path, key: string): string {
  const known: readonly string[] = KNOWN_FIELDS[kindOf(path)];
  // A class has one of two forms.
  return known.includes(key) ? 'does not go with the other fields of this class' : `is not known${meant(key, known)}`;
}

/** Which kind of map stands at `path`. */
function kindOf([first, , third]: Path): keyof typeof KNOWN_FIELDS {
  if (first === undefined) return 'file';
  if (first === 'tenants') return 'tenant';
  if (first === 'classes') return third === undefined ? 'class' : third === 'rules' ? 'rule' : 'ask';
  return third === undefined ? 'endpoint' : third === 'price' ? 'price' : 'key';
}

/** Where the field is written, or else the innermost map around it that is. */
function placed(document: Document.Parsed, lines: LineCounter, { path, shown, message, key }: Found): FileProblem {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  path.forEach((part, depth) => {
    const inside: { key: Node; value: Node | null } | undefined = child(document, node, part);
    node = inside?.value ?? null;
    if (!inside) return;
    const isNamed = (key === true && depth === path.length - 1) || node === null;
    offset = (isNamed ? inside.key : node!).range?.[0] ?? offset;
  });
  const { line, col } = lines.linePos(offset);
  return { line, column: col, field: (shown ?? path).map(String).join('.'), message };
}

function child(
  document: Document.Parsed,
  parent: Node | null,
  part: PropertyKey,
): { key: Node; value: Node | null } | undefined {
  const node = isAlias(parent) ? (parent.resolve(document) ?? null) : parent;
  if (isSeq<Node>(node)) {
    const item = node.items[Number(part)];
    return item && { key: item, value: item };
  }
  if (!isMap<Node, Node | null>(node)) return undefined;
  const pair = node.items.find((item) => isScalar(item.key) && item.key.value === part);
  return pair && { key: pair.key, value: pair.value };
}
