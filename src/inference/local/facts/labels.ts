// Values that the document itself labels ("Total due: EUR 1,280.50", "Invoice No. INV-2041", front matter), found by a
// property's name.

import type { Block } from '../read/blocks.ts';
import type { Field } from '../read/header.ts';
import { plainInline } from '../read/inline.ts';

/** Labels that mean the same. The first word of each line is the one that a schema is likely to use. */
const synonyms: readonly string[][] = [
  ['customer', 'client', 'bill to', 'billed to', 'sold to', 'buyer', 'kunde', 'rechnungsempfänger', 'account holder'],
  ['vendor', 'supplier', 'seller', 'merchant', 'issued by', 'sold by', 'lieferant', 'company'],
  ['sender', 'from', 'von', 'de'],
  ['recipient', 'to', 'an', 'addressee', 'send to'],
  [
    'total',
    'total due',
    'amount due',
    'balance due',
    'grand total',
    'invoice total',
    'total amount',
    'amount',
    'gesamtbetrag',
    'gesamt',
    'summe',
    'amount payable',
  ],
  ['subtotal', 'sub total', 'net', 'net amount', 'netto', 'zwischensumme'],
  ['tax', 'vat', 'sales tax', 'gst', 'mwst', 'ust', 'umsatzsteuer'],
  ['due date', 'due', 'payment due', 'pay by', 'due by', 'payable by', 'fällig', 'zahlbar bis', 'deadline'],
  [
    'date',
    'dated',
    'created',
    'issued',
    'published',
    'datum',
    'issue date',
    'created at',
    'published at',
    'publication date',
    'last modified',
  ],
  ['number', 'no', 'nr', 'id', 'ref', 'reference', 'nummer'],
  ['author', 'authors', 'by', 'written by', 'autor', 'creator', 'maintainer', 'editor'],
  ['phone', 'tel', 'telephone', 'telefon', 'mobile', 'phone number'],
  ['email', 'e mail', 'mail'],
  ['subject', 'betreff', 're', 'objet', 'asunto', 'title'],
  ['attendee', 'attendees', 'present', 'participants', 'teilnehmer', 'anwesend'],
  ['address', 'anschrift', 'adresse', 'location', 'street'],
  ['effective date', 'effective', 'start date', 'start', 'commencement date', 'begin'],
  ['expiry date', 'expires', 'end date', 'valid until', 'expiration date', 'end', 'gültig bis'],
  ['status', 'state', 'stand'],
  ['website', 'web', 'homepage', 'url', 'home page'],
  ['licence', 'license', 'lizenz'],
];
/** Words of a label that only repeat what the document is. */
const documentWords = new Set(
  'invoice document doc bill order letter report contract agreement file rechnungs rechnung'.split(' '),
);
/** Words of a property's name that say nothing. */
const emptyWords = new Set('document doc file text value info field'.split(' '));

/** All labelled values: header fields, `label: value` lines and table rows, and numbers after "No." and its like. */
export function labelledValues(fields: readonly Field[], body: string, blocks: readonly Block[]): Field[] {
  const found: Field[] = [...fields];
  for (const block of blocks) {
    if (block.kind === 'code' || block.kind === 'heading') continue;
    if (block.kind === 'table') found.push(...tableFields(block.text));
    else found.push(...inlineFields(block.text));
  }
  blocks.forEach((block, index) => {
    const next = blocks[index + 1];
    if (/^\p{Lu}[\p{L} ]{1,24}:$/u.test(block.text) && next?.kind === 'line')
      found.push({ label: block.text.slice(0, -1), value: next.text });
  });
  for (const match of body.matchAll(
    /^[ \t]*(\p{L}[\p{L} .]{1,28}\p{L}(?: \d{1,2}(?:[.,]\d)? ?%)?)(?:[ \t]{2,}|\t)([^\n]*\d[^\n]*)$/gmu,
  )) {
    found.push({ label: match[1]!, value: match[2]!.trim() });
  }
  for (const match of body.matchAll(
    /\b(\p{Lu}[\p{L}]{2,20}(?: \p{L}{3,15})?)\s*(?:no\.?|nr\.?|number|#|nummer)\s*[:#]?\s*([A-Z0-9][\w/-]*\d[\w/-]*)/giu,
  )) {
    found.push({ label: `${match[1]!} number`, value: match[2]! });
  }
  return found
    .map((field) => ({
      label: field.label,
      value: plainInline(field.value)
        .replace(/(?:_{3,}|\.{4,})/g, '')
        .trim(),
    }))
    .filter((field) => /[\p{L}\d]/u.test(field.value));
}

function inlineFields(text: string): Field[] {
  const pattern =
    /(?:^|[.;,]\s+|\s{2,})(\p{L}[\p{L}\d.&'/ -]{1,30}?):\s+(\S.*?)(?=(?<!\b(?:Mr|Mrs|Ms|Dr|Inc|Ltd|Co|No|St|approx))\.\s+\p{Lu}|[;\n]|\s{2,}|\.?$)/gu;
  return [...text.matchAll(pattern)]
    .filter((match) => match[2]!.length <= 200)
    .map((match) => ({ label: match[1]!, value: match[2]! }));
}

function tableFields(text: string): Field[] {
  return text.split('\n').flatMap((row) => {
    const cells = row
      .split('|')
      .map((cell) => plainInline(cell))
      .filter((cell) => cell !== '');
    return cells.length === 2 && /\p{L}/u.test(cells[0]!) && cells[0]!.length <= 40
      ? [{ label: cells[0]!, value: cells[1]! }]
      : [];
  });
}

/** The values whose label fits the words of a property's name, the best fit first. */
export function valuesLabelled(fields: readonly Field[], words: readonly string[]): string[] {
  const wanted = alternatives(words);
  return fields
    .map((field, index) => ({
      field,
      index,
      fit: Math.max(...wanted.map((alternative, rank) => fitOf(alternative, wordsOf(field.label)) - rank / 1000)),
    }))
    .filter(({ fit }) => fit >= 0.5)
    .toSorted((a, b) => b.fit - a.fit || a.index - b.index)
    .map(({ field }) => field.value);
}

/** Words in lower case, split at capitals, digits and signs, plural endings dropped. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter(Boolean)
    .map(singular);
}

/** English singular by rule: enough to let `entities` meet `entity`. */
export function singular(word: string): string {
  if (word.length <= 3 || /(?:ss|us|is|ous)$/.test(word)) return word;
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (/(?:ch|sh|x|z|ss)es$/.test(word)) return word.slice(0, -2);
  return word.endsWith('s') ? word.slice(0, -1) : word;
}

function alternatives(words: readonly string[]): string[][] {
  const bare = words.filter((word) => !emptyWords.has(word));
  const own = bare.length > 0 ? bare : [...words];
  const unnamed = own.length > 1 && own.at(-1) === 'name' ? own.slice(0, -1) : own;
  const result = [[...words], own, unnamed];
  for (const group of synonyms) {
    const member = group.some((label) => [own, unnamed].some((form) => sameWords(wordsOf(label), form)));
    if (member) result.push(...group.map((label) => wordsOf(label)));
  }
  return result;
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word) => b.includes(word));
}

/** Words that turn a label into another one: "Customer No." is not the customer. */
const turning = new Set(
  'no nr number id date email phone address code rate ref reference name type count due'.split(' '),
);

/** From 1 (the same words) to 0; a label may have one word more than is wanted, but never fewer. */
function fitOf(wanted: readonly string[], label: readonly string[]): number {
  const bare = label.filter((word) => !documentWords.has(word) || wanted.includes(word));
  const meant = bare.length > 0 ? bare : label;
  if (!wanted.every((word) => meant.includes(word))) return 0;
  const extra = meant.filter((word) => !wanted.includes(word));
  return extra.length === 0 ? 1 : extra.length === 1 && !turning.has(extra[0]!) ? 0.6 : 0;
}
