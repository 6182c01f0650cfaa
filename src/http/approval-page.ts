// The page that a link leads to: what is asked, and two buttons. Plain HTML without scripts, which works in every mail program's browser.

import { createHash } from 'node:crypto';
import { visible } from '../core/visible.ts';
import type { Approval } from '../views/approvals.ts';
import { escapeHtml } from './html.ts';

const STYLE = `
  :root { color-scheme: light dark; font: 17px/1.5 system-ui, sans-serif; background: light-dark(#f4f4f2, #161617); color: light-dark(#1b1b1a, #eceae6); }
  body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
  main { background: light-dark(#fff, #212123); border: 1px solid light-dark(#dcdbd6, #3a3a3d); border-radius: 10px; padding: 1.75rem 2rem 2rem; }
  .kind { margin: 0; font-size: 0.85rem; color: light-dark(#6a6963, #a3a19b); }
  h1 { margin: 0.2rem 0 1.25rem; font-size: 1.45rem; line-height: 1.3; overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: isolate; }
  h2 { margin: 1.5rem 0 0.4rem; font-size: 1rem; }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.25rem; margin: 0; }
  dt { color: light-dark(#6a6963, #a3a19b); }
  dd { margin: 0; overflow-wrap: anywhere; unicode-bidi: isolate; }
  pre { margin: 0; padding: 0.9rem 1rem; border-radius: 6px; background: light-dark(#f4f4f2, #161617); font: 0.88rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; direction: ltr; unicode-bidi: isolate; }
  label { display: block; margin: 1.5rem 0 0.4rem; font-weight: 600; }
  textarea { box-sizing: border-box; width: 100%; min-height: 5rem; padding: 0.6rem; border: 1px solid light-dark(#b5b3ac, #5a5a5e); border-radius: 6px; background: transparent; color: inherit; font: inherit; }
  .buttons { display: flex; gap: 0.75rem; margin-top: 1.25rem; }
  button { flex: 1; padding: 0.7rem 1rem; border: 1px solid transparent; border-radius: 6px; font: inherit; font-weight: 600; cursor: pointer; }
  .approve { background: #1d7a43; color: #fff; }
  .reject { background: transparent; border-color: light-dark(#a3261c, #f0857b); color: light-dark(#a3261c, #f0857b); }
  button:focus-visible, textarea:focus-visible { outline: 3px solid light-dark(#2a6fdb, #7aa8f5); outline-offset: 2px; }
  .hint { margin: 1rem 0 0; font-size: 0.85rem; color: light-dark(#6a6963, #a3a19b); }
  @media (max-width: 30rem) { body { margin: 1rem auto; } main { padding: 1.25rem; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.5rem; } }`;

/**
 * What every answer of these pages carries. Nothing but the page's own style is loaded or run, nobody may frame it, its form goes to
 * itself, and its address, which is a secret, goes nowhere and is kept nowhere.
 */
export const PAGE_HEADERS: Record<string, string> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
  'X-Robots-Tag': 'noindex, nofollow',
};

/** Returns the page on which `person` decides. */
export function decisionPage(approval: Approval, person: string): string {
  return page(
    approval.question,
    `${facts(approval, ['For', person])}
<h2>${approval.tool === null ? 'What it is about' : 'What the tool will be given'}</h2>
<pre>${shown(JSON.stringify(approval.arguments, null, 2))}</pre>
${approval.status === 'pending' ? form(approval) : `<p><strong>${statusSentence(approval)}</strong></p>`}`,
  );
}

/** Returns the page that says what became of a decision. */
export function decidedPage(approval: Approval, person: string, decision: 'approve' | 'reject'): string {
  const word = decision === 'approve' ? 'approved' : 'rejected';
  return page(
    `You have ${word} this`,
    `${facts(approval, [decision === 'approve' ? 'Approved by' : 'Rejected by', person], ['Question', approval.question])}
<p><strong>${statusSentence(approval)}</strong></p>
<p class="hint">You can close this page. The link cannot be used again.</p>`,
  );
}

/** Returns the page that says why nothing was decided. */
export function refusalPage(title: string, detail: string): string {
  return page(title, `<p>${shown(detail)}</p>`);
}

function form({ argumentsHash }: Approval): string {
  return `<form method="post" autocomplete="off">
<input type="hidden" name="argumentsHash" value="${escapeHtml(argumentsHash)}">
<label for="comment">Comment (optional)</label>
<textarea id="comment" name="comment" maxlength="4000"></textarea>
<div class="buttons">
<button class="approve" name="decision" value="approve">Approve</button>
<button class="reject" name="decision" value="reject">Reject</button>
</div>
<p class="hint">The link is yours alone and works once: please do not pass it on.</p>
</form>`;
}

function facts(approval: Approval, ...more: [string, string][]): string {
  const { tool, workflow, runId, tenant, initiator, quorum, votes, expiresAt, status } = approval;
  const rows: [string, string][] = [
    ...more,
    ...(tool === null ? [] : ([['Tool', tool]] as [string, string][])),
    ['Asked by', `${workflow}, run ${runId} (${tenant})`],
    ...(initiator === null ? [] : ([['Started by', initiator]] as [string, string][])),
    ...(quorum === 1 ? [] : ([['Approvals', `${votes} of ${quorum}`]] as [string, string][])),
    ...(status === 'pending' ? ([['Answer until', readableTime(expiresAt)]] as [string, string][]) : []),
  ];
  return `<dl>${rows.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${shown(value)}</dd>`).join('\n')}</dl>`;
}

const SENTENCES: Record<Exclude<Approval['status'], 'pending'>, string> = {
  approved: 'This is approved, and the run goes on.',
  rejected: 'This is rejected, and will not be done.',
  expired: 'The time for an answer is over.',
  withdrawn: 'Nothing is to be decided any more: the run that asked has ended.',
};

function statusSentence({ status, quorum, votes }: Approval): string {
  return status === 'pending'
    ? `${votes} of ${quorum} people have approved: the run waits for the others.`
    : SENTENCES[status];
}

function readableTime(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

function shown(text: string): string {
  return escapeHtml(visible(text));
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Approval</title>
<style>${STYLE}</style>
</head>
<body><main>
<p class="kind">Approval</p>
<h1>${shown(title)}</h1>
${body}
</main></body>
</html>
`;
}
