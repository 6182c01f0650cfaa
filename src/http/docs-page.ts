// The pages for people: the reference that is made from the OpenAPI document, and texts. Plain HTML without scripts.

import { escapeHtml } from './html.ts';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif; }
  body { max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
  h1, h2, h3 { line-height: 1.25; } h2 { margin-top: 2.5rem; border-bottom: 1px solid light-dark(#ddd, #444); }
  code, pre { font: 0.9em/1.5 ui-monospace, monospace; } pre { overflow-x: auto; padding: 0.75rem; background: light-dark(#f5f5f5, #222); }
  .method { font-weight: 700; text-transform: uppercase; color: light-dark(#0a5, #5d9); }
  table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: 0.3rem 0.6rem; border-bottom: 1px solid light-dark(#eee, #333); vertical-align: top; }`;

interface Operation {
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: {
    name: string;
    in: string;
    description?: string;
    required?: boolean;
    schema?: { description?: string };
  }[];
  requestBody?: { content?: Record<string, { schema?: object }> };
  responses?: Record<string, { description?: string }>;
}

interface Document {
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, Operation>>;
}

/** Returns the reference page of an OpenAPI document. */
export function referencePage(document: object): string {
  const { info, paths } = document as Document;
  const calls = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => callSection(method, path, operation)),
  );
  return page(
    `${info.title} ${info.version}`,
    `<h1>${escapeHtml(info.title)}</h1><p>${escapeHtml(info.description ?? '')}</p><p><a href="/openapi.json">OpenAPI 3.1 document</a> · <a href="/docs/errors">Error codes</a></p>${calls.join('')}`,
  );
}

function callSection(method: string, path: string, operation: Operation): string {
  const parameters = (operation.parameters ?? []).map(
    ({ name, in: place, required, description, schema }) =>
      `<tr><td><code>${escapeHtml(name)}</code></td><td>${escapeHtml(place)}${required ? ', required' : ''}</td><td>${inline(description ?? schema?.description ?? '')}</td></tr>`,
  );
  const answers = Object.entries(operation.responses ?? {}).map(
    ([status, { description }]) =>
      `<tr><td><code>${escapeHtml(status)}</code></td><td>${inline(description ?? '')}</td></tr>`,
  );
  const bodies = Object.entries(operation.requestBody?.content ?? {}).map(
    ([type, { schema }]) =>
      `<p><code>${escapeHtml(type)}</code></p><pre>${escapeHtml(JSON.stringify(schema ?? {}, null, 2))}</pre>`,
  );
  return `<h2><span class="method">${escapeHtml(method)}</span> <code>${escapeHtml(path)}</code></h2>
<p><strong>${inline(asSentence(operation.summary ?? ''))}</strong> ${inline(operation.description ?? '')}</p>
${parameters.length > 0 ? `<h3>Parameters</h3><table>${parameters.join('')}</table>` : ''}
${bodies.length > 0 ? `<h3>Body</h3>${bodies.join('')}` : ''}
<h3>Answers</h3><table>${answers.join('')}</table>`;
}

/** Returns a page of a Markdown text: headings with anchors, paragraphs, lists and code; nothing else is needed here. */
export function textPage(title: string, markdown: string): string {
  const blocks = markdown.split(/\n{2,}/).map((block) => {
    const heading = /^(#{1,6}) +(.*)$/.exec(block.trim());
    if (heading) {
      const text = heading[2]!.replaceAll('`', '');
      const level = heading[1]!.length;
      return `<h${level} id="${escapeHtml(text)}">${inline(heading[2]!)}</h${level}>`;
    }
    if (block.startsWith('- '))
      return `<ul>${block
        .split(/\n(?=- )/)
        .map((item) => `<li>${inline(item.slice(2))}</li>`)
        .join('')}</ul>`;
    if (block.startsWith('```')) return `<pre>${escapeHtml(block.replaceAll(/^```.*$/gm, '').trim())}</pre>`;
    return `<p>${inline(block)}</p>`;
  });
  return page(title, blocks.join('\n'));
}

function asSentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

function inline(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style><body>${body}</body></html>`;
}
