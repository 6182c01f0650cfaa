// What a prompt holds for a model that only reads documents: the document, and the words around it.

import type { LanguageModelV4FilePart, LanguageModelV4Prompt, SharedV4Warning } from '@ai-sdk/provider';

/** The document of a prompt, the instruction around it, and a warning for each part that could not be read. */
export interface PromptDocument {
  document: string;
  instruction: string;
  warnings: SharedV4Warning[];
}

/**
 * Takes the last user message: text between `<document>` and `</document>` (several are joined), else its text files,
 * else all of its text. The instruction is the system message and the text around the document.
 */
export function documentOf(prompt: LanguageModelV4Prompt): PromptDocument {
  const warnings: SharedV4Warning[] = [];
  const system = prompt.flatMap((message) => (message.role === 'system' ? [message.content] : [])).join('\n');
  const user = prompt.findLast((message) => message.role === 'user');
  const texts: string[] = [];
  const files: string[] = [];
  for (const part of user?.content ?? []) {
    if (part.type === 'text') texts.push(part.text);
    else files.push(...textOfFile(part, warnings));
  }
  const message = texts.join('\n\n');
  const tagged = [...message.matchAll(/<document\b[^>]*>\n?([\s\S]*?)\n?<\/document>/gi)].map((match) => match[1]!);
  const around = message.replace(/<document\b[^>]*>[\s\S]*?<\/document>/gi, ' ');
  if (tagged.length > 0) return { document: tagged.join('\n\n'), instruction: `${system}\n${around}`.trim(), warnings };
  if (files.length > 0) return { document: files.join('\n\n'), instruction: `${system}\n${message}`.trim(), warnings };
  return { document: message, instruction: system.trim(), warnings };
}

function textOfFile(part: LanguageModelV4FilePart, warnings: SharedV4Warning[]): string[] {
  if (part.data.type === 'text') return [part.data.text];
  if (part.data.type === 'data' && /^(?:text\b|application\/(?:json|xml|yaml))/.test(part.mediaType)) {
    const { data } = part.data;
    return [
      typeof data === 'string' ? Buffer.from(data, 'base64').toString('utf8') : Buffer.from(data).toString('utf8'),
    ];
  }
  warnings.push({
    type: 'unsupported',
    feature: `files of type ${part.mediaType}`,
    details: 'The local model reads text only.',
  });
  return [];
}

/** The characters of all text in a prompt, for an estimate of its tokens. */
export function promptChars(prompt: LanguageModelV4Prompt): number {
  return prompt.reduce(
    (sum, message) =>
      sum +
      (typeof message.content === 'string'
        ? message.content.length
        : message.content.reduce((inner, part) => inner + partChars(part), 0)),
    0,
  );
}

function partChars(part: Exclude<LanguageModelV4Prompt[number]['content'], string>[number]): number {
  if (part.type === 'text' || part.type === 'reasoning') return part.text.length;
  if (part.type === 'tool-call') return JSON.stringify(part.input ?? null).length;
  if (part.type === 'tool-result') return JSON.stringify(part.output).length;
  if (part.type !== 'file') return 0;
  return part.data.type === 'text' ? part.data.text.length : part.data.type === 'data' ? part.data.data.length : 0;
}
