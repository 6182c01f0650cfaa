// What can be recognised by its form alone: addresses, links, telephone numbers, percentages, versions and official
// identifiers.

import type { Mention } from './mention.ts';

interface Form {
  type: string;
  pattern: RegExp;
  facets?: (match: RegExpMatchArray) => Record<string, string | number>;
  accepts?: (match: RegExpMatchArray, text: string) => boolean;
}

const forms: readonly Form[] = [
  {
    type: 'email',
    pattern: /(?<![\w.+%-])[\w.+%-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b/g,
    facets: (m) => ({ email: m[0] }),
  },
  {
    type: 'url',
    pattern: /\b(?:https?|ftp):\/\/[^\s<>"'`\])}|]+|\bwww\.[\w-]+\.[a-z]{2,}[^\s<>"'`\])}|]*/gi,
    facets: (m) => ({ url: m[0].startsWith('www.') ? `https://${m[0]}` : m[0] }),
  },
  {
    type: 'percentage',
    pattern: /(?<![\w.])[-+]?\d{1,3}(?:[.,]\d+)?\s?(?:%|percent\b|per cent\b|Prozent\b)/gi,
    facets: (m) => ({ value: Number.parseFloat(m[0].replace(',', '.')) }),
  },
  {
    type: 'phone',
    pattern: /(?<![\w/.-])(?:\+\d{1,3}[ ./-]?)?(?:\(0?\d{1,5}\)[ ./-]?)?\d{1,5}(?:[ ./-]\d{2,8}){1,5}(?![\w/-])/g,
    accepts: isPhone,
  },
  { type: 'identifier', pattern: /\b(?:RFC|PEP|BCP|STD|JEP|JSR|KEP|EIP|BIP|TC39)[ -]?\d{1,5}\b/g },
  { type: 'identifier', pattern: /\bCVE-\d{4}-\d{4,7}\b|\bGHSA(?:-[a-z0-9]{4}){3}\b|\bCWE-\d{1,4}\b/g },
  {
    type: 'identifier',
    pattern:
      /\b(?:ISO(?:\/IEC)?|IEC|IEEE|DIN(?: EN)?(?: ISO)?|EN|ECMA|ANSI|NIST SP)[ -]\d{2,6}(?:[.-]\d+)*(?:[a-z]{1,2}\b)?(?::\d{4})?/g,
  },
  { type: 'identifier', pattern: /\b10\.\d{4,9}\/[^\s"<>]+[\w)]|\barXiv:\d{4}\.\d{4,5}\b/g },
  { type: 'identifier', pattern: /\bISBN(?:-1[03])?:?\s?[\dX -]{10,17}\b|\bISSN:?\s?\d{4}-\d{3}[\dX]\b/g },
  { type: 'identifier', pattern: /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi },
  {
    type: 'identifier',
    pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b/g,
    accepts: (m) => isIban(m[0]),
  },
  {
    type: 'identifier',
    pattern: /\b(?:[A-Z]{2,6}-){1,4}(?:\d{4}-)?\d{2,8}\b/g,
    accepts: (m) =>
      !/^(?:UTF|ISO|SHA|MD|CVE|CWE|GHSA|RFC|PEP|AES|RSA|IEEE|COVID|HTTP|TLS|IPV|BASE|GPL|LGPL|AGPL|MPL|BSD|CC|UTC|GMT|MP|ASCII)-/.test(
        m[0],
      ),
  },
  {
    type: 'version',
    pattern:
      /\bv\d+(?:\.\d+){1,3}(?:-(?:alpha|beta|rc|next|canary|preview)[\w.]*)?\b|\b\d+\.\d+\.\d+(?:-(?:alpha|beta|rc|next|canary|preview|snapshot)[\w.]*)?(?!\.?\d)\b/gi,
    accepts: isVersion,
  },
  {
    type: 'version',
    pattern:
      /\b(?:[Vv]ersion|[Rr]elease|Python|Node(?:\.js)?|Java|Ruby|Go|Rust|PHP|Perl|Linux|Windows|macOS|Android|iOS|PostgreSQL|Postgres|MySQL|Ubuntu|Debian|TypeScript|React|Vue|Angular|Django|Rails|HTTP|TLS|Unicode|HTML|CSS)[ /]v?\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?\b/g,
  },
];

/**
 * Everything in the text that is recognised by its form, in order, overlaps going to the form that stands first in the
 * list.
 */
export function patternsIn(text: string): Mention[] {
  const found: Mention[] = [];
  const taken = new Uint8Array(text.length);
  for (const form of forms) {
    for (const match of text.matchAll(form.pattern)) {
      const written = match[0].replace(/[.,;:!?]+$/, '').trim();
      const at = match.index;
      if (
        written === '' ||
        taken[at] === 1 ||
        taken[at + written.length - 1] === 1 ||
        form.accepts?.(match, text) === false
      )
        continue;
      taken.fill(1, at, at + written.length);
      match[0] = written;
      found.push({
        type: form.type,
        text: written.replace(/\s+/g, ' '),
        at,
        count: 1,
        facets: form.facets?.(match) ?? {},
      });
    }
  }
  return found.toSorted((a, b) => a.at - b.at);
}

/**
 * Telephone numbers need a plus sign, an area code in brackets, or a word such as "phone" before them: digits alone are
 * too common.
 */
function isPhone(match: RegExpMatchArray, text: string): boolean {
  const digits = match[0].replace(/\D/g, '').length;
  if (digits < 7 || digits > 15 || /^\d{4}[-/.]\d{2}[-/.]\d{2}/.test(match[0]) || /\n/.test(match[0])) return false;
  const before = text.slice(Math.max(0, (match.index ?? 0) - 20), match.index);
  const plus = /^\+\d/.test(match[0]) && (match[0].match(/[\s./()-]/g)?.length ?? 0) >= 1;
  const area = /^\(\d{2,5}\)/.test(match[0]) && digits >= 9;
  return (
    plus || area || /\b(?:tel(?:efon|ephone)?|phone|mobile|cell|fax|call|handy|mobil|ph)\b[^\d\n]{0,8}$/i.test(before)
  );
}

function isVersion(match: RegExpMatchArray, text: string): boolean {
  const before = text.slice(Math.max(0, (match.index ?? 0) - 2), match.index);
  return !/[\d./@]$/.test(before) && !/^\d{1,2}\.\d{1,2}\.(?:19|20)\d{2}$/.test(match[0]);
}

/** IBAN check digits by ISO 7064 mod 97-10. */
function isIban(text: string): boolean {
  const compact = text.replaceAll(' ', '');
  if (compact.length < 15 || compact.length > 34) return false;
  const digits = [...compact.slice(4), ...compact.slice(0, 4)].map((c) => Number.parseInt(c, 36).toString()).join('');
  return [...digits].reduce((rest, digit) => (rest * 10 + Number(digit)) % 97, 0) === 1;
}
