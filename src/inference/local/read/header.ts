// The header of a document: YAML or TOML front matter, or a block of `Name: value` lines as in e-mails, set apart from
// the body.

/** One named value as it stands in the document. */
export interface Field {
  label: string;
  value: string;
}

/** A document taken apart: its header's fields (none when there is no header), and everything below the header. */
export interface SplitDocument {
  fields: Field[];
  body: string;
}

const fieldLine = /^([A-Za-z][A-Za-z0-9]*(?:[ _-][A-Za-z0-9]+){0,2}):(?:[ \t]+(.*))?$/;
const maxFieldLength = 300;

/**
 * Splits the header off the text. Needs at least two fields for a header without fences, so that "Note: …" stays prose.
 */
export function splitHeader(text: string): SplitDocument {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  let start = 0;
  while (start < lines.length && lines[start]!.trim() === '') start += 1;
  const fence = lines[start]?.trim();
  if (fence === '---' || fence === '+++') {
    const end = lines.findIndex((line, index) => index > start && line.trim() === fence);
    const fields = end > 0 ? frontMatter(lines.slice(start + 1, end)) : [];
    if (fields.length > 0) return { fields, body: lines.slice(end + 1).join('\n') };
  }
  return mailHeader(lines, start) ?? { fields: [], body: lines.join('\n') };
}

function frontMatter(lines: string[]): Field[] {
  const fields: Field[] = [];
  for (const line of lines) {
    const pair = /^([A-Za-z][\w .-]{0,40}?)\s*[:=]\s*(.*)$/.exec(line);
    const item = /^[ \t]*-\s+(.+)$/.exec(line);
    const last = fields.at(-1);
    if (pair) fields.push({ label: pair[1]!, value: unquote(pair[2]!) });
    else if (item && last) last.value = [last.value, unquote(item[1]!)].filter(Boolean).join(', ');
    else if (last && /^\s+\S/.test(line)) last.value = `${last.value} ${line.trim()}`.trim();
  }
  return fields;
}

function unquote(value: string): string {
  const trimmed = value.trim().replace(/^\[(.*)\]$/, '$1');
  return trimmed.replace(/^(["'])(.*)\1$/, '$2').replace(/^[|>]-?$/, '');
}

function mailHeader(lines: string[], start: number): SplitDocument | undefined {
  const fields: Field[] = [];
  let index = start;
  for (; index < lines.length && lines[index]!.trim() !== ''; index += 1) {
    const line = lines[index]!;
    const pair = fieldLine.exec(line.trimEnd());
    const last = fields.at(-1);
    if (pair) fields.push({ label: pair[1]!, value: (pair[2] ?? '').trim() });
    else if (last && /^\s+\S/.test(line)) last.value = `${last.value} ${line.trim()}`.trim();
    else return undefined;
  }
  const labels = new Set(fields.map((field) => field.label.toLowerCase()));
  const plausible = fields.every(
    (field) => field.value.length <= maxFieldLength || /^(received|dkim|authentication|arc|x-)/i.test(field.label),
  );
  if (fields.length < 2 || !plausible || labels.size < fields.length * 0.6) return undefined;
  return { fields, body: lines.slice(index).join('\n') };
}

/** The value of the first field that bears one of these labels (lower case), or undefined. */
export function fieldValue(fields: readonly Field[], ...labels: string[]): string | undefined {
  return fields.find((field) => labels.includes(field.label.toLowerCase()) && field.value !== '')?.value;
}
