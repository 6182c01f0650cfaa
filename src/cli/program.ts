// The command line: one file a command. Results go to standard output, what is said about them to standard error.
// Commands load what they need when they run, so that those which only ask a service answer at once.

import { Command, CommanderError } from 'commander';
import { HoldfastError } from '../core/errors.ts';
import { packageVersion } from '../lib/package-version.ts';
import { approvalsCommand } from './approvals.ts';
import { budgetsCommand, usageCommand } from './budgets.ts';
import { devCommand } from './dev.ts';
import { doctorCommand } from './doctor.ts';
import { keysCommand } from './keys.ts';
import { migrateCommand } from './migrate.ts';
import { modelsCommand } from './models.ts';
import { runsCommand } from './runs.ts';
import { startCommand } from './start.ts';

/** Runs the command line and returns the exit code: 0 for success, 1 for a failure, 2 for wrong usage. */
export async function runCli(args: readonly string[]): Promise<number> {
  const program = new Command('holdfast')
    .description('Durable workflows in your own Postgres.')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(holdfast help <command> says more)')
    .configureHelp({ sortSubcommands: false });
  for (const command of [
    startCommand(),
    devCommand(),
    migrateCommand(),
    doctorCommand(),
    keysCommand(),
    runsCommand(),
    approvalsCommand(),
    modelsCommand(),
    budgetsCommand(),
    usageCommand(),
  ]) {
    program.addCommand(inherit(command));
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`${describe(error)}\n`);
    return 1;
  }
}

/** Gives a command and those below it the same way to report wrong usage. */
function inherit(command: Command): Command {
  command.exitOverride().showHelpAfterError('(--help says more)');
  for (const child of command.commands) inherit(child);
  return command;
}

function describe(error: unknown): string {
  if (error instanceof HoldfastError) return `holdfast: ${error.message} [${error.code}]`;
  return `holdfast: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
