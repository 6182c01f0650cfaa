// Markup inside a line (Markdown, reStructuredText, HTML) turned into the words that a person would read.

import { decodeEntities } from './html.ts';

const roleNames: Readonly<Record<string, string>> = { pep: 'PEP ', rfc: 'RFC ', cve: 'CVE-' };

/**
 * The plain words of one line or paragraph: links become their text, images and badges go, emphasis marks go, code
 * keeps its text.
 */
export function plainInline(text: string): string {
  const unlinked = text
    .replace(/\[!\[[^\]]{0,300}\]\([^)]{0,600}\)\]\([^)]{0,600}\)/g, ' ')
    .replace(/\[!\[[^\]]{0,300}\]\[[^\]]{0,100}\]\]\[[^\]]{0,100}\]/g, ' ')
    .replace(/!\[[^\]]{0,300}\](?:\([^)]{0,600}\)|\[[^\]]{0,100}\])/g, ' ')
    .replace(/\[([^\][]{1,500})\]\((?:[^()]|\([^()]{0,200}\)){0,800}\)/g, '$1')
    .replace(/\[([^\][]{1,500})\]\[[^\]]{0,100}\]/g, '$1')
    .replace(/\[\^[^\]]+\]/g, '')
    .replace(/<(?:https?|mailto|ftp):[^>\s]*>/gi, '')
    .replace(/(?<![\w`])_(?=[^\s_`])([^_`]{1,300}?)(?<=[^\s`])_(?![\w_])/g, '$1');
  return decodeEntities(withoutRst(unlinked))
    .replace(/<\/?[a-z][^>]{0,500}>/gi, ' ')
    .replace(/(`{1,3})([^`]{0,1000})\1/g, '$2')
    .replace(/(\*\*|__)(?=\S)(.{1,800}?)(?<=\S)\1/g, '$2')
    .replace(/(?<![\w*])\*(?=[^\s*])([^*]{1,800}?)(?<=\S)\*(?![\w*])/g, '$1')
    .replace(/~~(.{1,300}?)~~/g, '$1')
    .replace(/\\([\\`*_{}[\]()#+.!|<>-])/g, '$1')
    .replace(/(^|\s):[a-z0-9_+-]{2,30}:(?=\s|$)/g, '$1')
    .replace(/[\p{Extended_Pictographic}\u{FE0F}\u{200D}]+/gu, (mark) => (/[©®™]/.test(mark) ? mark : ''))
    .replace(/\s+/g, ' ')
    .replace(/ ([,.;:!?)])(?=\s|$)/g, '$1')
    .replace(/\( /g, '(')
    .replace(/\(\s*\)/g, '')
    .trim();
}

function withoutRst(text: string): string {
  return text
    .replace(/:([a-z][\w:+-]{0,40}):`([^`]{1,300})`/g, (_whole, role: string, target: string) => roleText(role, target))
    .replace(/`([^`<]{1,300}?)\s*<[^`>]{1,500}>`__?/g, '$1')
    .replace(/`([^`]{1,300})`__?(?!\w)/g, '$1')
    .replace(/\s?\[(?:\d{1,3}|#[\w-]*|\*)\]_/g, '')
    .replace(/\|([A-Za-z][\w -]{0,60})\|(?!\|)/g, '$1')
    .replace(/(\w)__?(?=[\s.,;:)]|$)/g, '$1')
    .replace(/\s?\[\d{1,3}(?:[,–-]\s?\d{1,3})*\](?![(\w])/g, '');
}

function roleText(role: string, target: string): string {
  const shown = /^([^<]*\S)\s*<[^>]+>$/.exec(target)?.[1] ?? target.replace(/^[~!]/, '').replace(/#.*$/, '');
  const prefix = roleNames[role];
  return prefix !== undefined && /^\d/.test(shown) ? prefix + shown : shown;
}
