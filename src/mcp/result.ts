// What a server answered to a call, as the result of the tool: JSON that a model can read.

import type { CallToolResult } from '@modelcontextprotocol/client';
import { type HoldfastError, TerminalError } from '../core/errors.ts';

/** How a call ended that was answered. */
export type Outcome = { value: unknown } | { failure: HoldfastError };

/** So much is told of an error. */
const LONGEST_ERROR = 4000;

type Content = CallToolResult['content'][number];

/**
 * Returns the outcome that `result` is. Structured content is the value; else the text, where there is nothing but text; else the parts,
 * with the sizes of images, sounds and other bytes in their place.
 */
export function outcomeOf(result: CallToolResult, tool: string): Outcome {
  const { content, structuredContent, isError } = result;
  if ((result as { resultType?: string }).resultType === 'input_required') return { failure: inputRequired(tool) };
  if (isError) return { failure: toolError(tool, textIn(content) || JSON.stringify(structuredContent ?? content)) };
  const others = content.filter(({ type }) => type !== 'text');
  if (structuredContent !== undefined) {
    return { value: others.length === 0 ? structuredContent : { structuredContent, content: others.map(plainPart) } };
  }
  if (others.length > 0) return { value: content.map(plainPart) };
  return { value: content.length === 0 ? null : textIn(content) };
}

function textIn(content: readonly Content[]): string {
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

function plainPart(part: Content): unknown {
  if (part.type === 'text') return { type: part.type, text: part.text };
  if (part.type === 'image' || part.type === 'audio') {
    return { type: part.type, mimeType: part.mimeType, bytes: bytesIn(part.data) };
  }
  if (part.type === 'resource_link') {
    const { type, uri, name, description, mimeType } = part;
    return { type, uri, name, ...(description && { description }), ...(mimeType && { mimeType }) };
  }
  const { uri, mimeType, ...resource } = part.resource;
  const known = { type: part.type, uri, ...(mimeType && { mimeType }) };
  return 'text' in resource ? { ...known, text: resource.text } : { ...known, bytes: bytesIn(resource.blob) };
}

function bytesIn(base64: string): number {
  return Buffer.byteLength(base64, 'base64');
}

/** Returns `text` as far as it is told. */
export function shortened(text: string): string {
  return text.length > LONGEST_ERROR ? `${text.slice(0, LONGEST_ERROR)}…` : text;
}

function toolError(tool: string, text: string): TerminalError {
  return new TerminalError('mcp_tool_error', `'${tool}' failed: ${shortened(text)}`);
}

/** Returns the error of a tool that wants something of a person. */
export function inputRequired(tool: string): TerminalError {
  return new TerminalError(
    'mcp_input_required',
    `'${tool}' asks for something that only a person can give, which calls of MCP tools cannot answer: do without it, or end with an answer that says what is missing.`,
  );
}
