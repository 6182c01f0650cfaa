// `holdfast approvals`: what runs ask of people, and the answers, through the service's API.

import { Command, InvalidArgumentError } from 'commander';
import { visible } from '../core/visible.ts';
import type { Approval, ApprovalEvent, ApprovalSummary } from '../views/approvals.ts';
import type { Page } from '../views/page.ts';
import { type ClientFlags, clientOptions, request } from './client.ts';
import { jsonOption, print, table } from './output.ts';

type Flags = ClientFlags & { json?: boolean };

interface Given {
  value: unknown;
}

/** Returns the command. */
export function approvalsCommand(): Command {
  const approvals = new Command('approvals').description('list, show, approve and reject what runs ask');
  const add = (name: string, description: string): Command => {
    const command = approvals.command(name).description(description).addOption(jsonOption());
    for (const option of clientOptions()) command.addOption(option);
    return command;
  };
  add('list', 'list what is asked, the newest first')
    .option('--status <status>', "only these, with commas between them; 'all' for all of them", 'pending')
    .option('--role <role>', 'only what asks for this role')
    .option('--run <run>', 'only what this run asks')
    .option('--limit <n>', 'how many', '20')
    .action(list);
  add('show', 'show what is asked, and what has happened to it')
    .argument('<approval>', "the approval's id")
    .action(show);
  add('approve', 'approve what is asked')
    .argument('<approval>', "the approval's id")
    .option('--comment <text>', 'what to say about it')
    .option('--arguments <json>', 'approve these arguments instead', givenJson)
    .action(approve);
  add('reject', 'reject what is asked')
    .argument('<approval>', "the approval's id")
    .option('--comment <text>', 'what to say about it')
    .action(reject);
  return approvals;
}

function givenJson(text: string): Given {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    throw new InvalidArgumentError(`It is not JSON: ${(error as Error).message}`);
  }
}

async function list(flags: Flags & { status: string; role?: string; run?: string; limit: string }): Promise<void> {
  const query = new URLSearchParams({ limit: flags.limit });
  if (flags.status !== 'all') query.set('status', flags.status);
  if (flags.role) query.set('role', flags.role);
  if (flags.run) query.set('run', flags.run);
  const answer = await request(flags, 'GET', `/v1/approvals?${query.toString()}`);
  const page = (await answer.json()) as Page<ApprovalSummary>;
  const rows = page.items.map((approval) => [
    approval.id,
    approval.status,
    approval.role ?? '',
    approval.quorum === 1 ? '' : `${approval.votes}/${approval.quorum}`,
    readableTime(approval.expiresAt),
    visible(approval.question),
  ]);
  print(
    flags.json,
    page,
    rows.length === 0
      ? 'There are no such approvals.'
      : table(['APPROVAL', 'STATUS', 'ROLE', 'VOTES', 'UNTIL (UTC)', 'QUESTION'], rows),
  );
}

async function show(id: string, flags: Flags): Promise<void> {
  const approval = (await (await request(flags, 'GET', pathOf(id))).json()) as Approval;
  print(flags.json, approval, describe(approval));
}

function describe(approval: Approval): string {
  const facts = [
    `${approval.question}  ${approval.status}`,
    `approval   ${approval.id}`,
    `run        ${approval.runId} (${approval.workflow}, tenant ${approval.tenant})`,
    ...(approval.tool === null ? [] : [`tool       ${approval.tool}`]),
    ...(approval.initiator === null ? [] : [`started by ${approval.initiator}`]),
    `role       ${approval.role ?? '–'}`,
    ...(approval.quorum === 1 ? [] : [`votes      ${approval.votes} of ${approval.quorum}`]),
    `until      ${approval.expiresAt}`,
    `arguments  ${JSON.stringify(approval.arguments, null, 2)}`,
    ...(approval.decidedArguments === null ? [] : [`edited     ${JSON.stringify(approval.decidedArguments, null, 2)}`]),
  ];
  return [
    ...facts.map(visible),
    '',
    table(['#', 'AT (UTC)', 'WHAT', 'WHO', 'NOTE'], approval.events.map(eventRow)),
  ].join('\n');
}

function eventRow({ n, at, what, who, via, recipient, comment }: ApprovalEvent): string[] {
  const note = [via && `by ${via}`, recipient && `for ${recipient}`, comment].filter(Boolean).join('  ');
  return [String(n), readableTime(at), what, visible(who ?? ''), visible(note)];
}

async function approve(id: string, flags: Flags & { comment?: string; arguments?: Given }): Promise<void> {
  const edited = flags.arguments === undefined ? {} : { arguments: flags.arguments.value };
  await decide(id, flags, { decision: 'approve', comment: flags.comment, ...edited });
}

async function reject(id: string, flags: Flags & { comment?: string }): Promise<void> {
  await decide(id, flags, { decision: 'reject', comment: flags.comment });
}

async function decide(id: string, flags: Flags, body: object): Promise<void> {
  const approval = (await (await request(flags, 'POST', pathOf(id), { body })).json()) as Approval;
  const text =
    approval.status === 'pending'
      ? `${approval.votes} of ${approval.quorum} have approved: ${id} waits for the others.`
      : `${id} is ${approval.status}.`;
  print(flags.json, approval, text);
}

function readableTime(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}

function pathOf(id: string): string {
  return `/v1/approvals/${encodeURIComponent(id)}`;
}
