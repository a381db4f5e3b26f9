// The frame of every command: configuration, a client of Temporal, one clear line for what goes wrong, and an exit code that scripts can use.
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { ConfigError, loadConfig, type Config } from '../config';
import type { ErrorType } from '../contracts';
import { createTemporalClient, ping, temporalAddress } from '../temporal';

/** 0: fine. 1: it ran, and the answer is bad news. 2: it could not run. Commander's own refusals are made 2 in main.ts. */
export type ExitCode = 0 | 1 | 2;

export interface Frame {
  config: Config;
  temporal: Client;
}

const connectWithinMs = 10_000;

/** Runs a command's work and sets the exit code. What it throws is shown as one line, without a stack. */
export const runCommand = (work: (frame: Frame) => Promise<ExitCode>): Promise<void> =>
  runGuarded(async () => {
    const config = loadConfig(process.env);
    return work({ config, temporal: createTemporalClient(config.payloadKeys) });
  });

/** For a command that works without a configuration. */
export async function runGuarded(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    process.exitCode = complain(error);
  }
}

/** Says at once when Temporal cannot be reached, instead of trying for ever. */
export async function reachTemporal({ temporal }: Frame): Promise<void> {
  try {
    await ping(temporal, connectWithinMs);
  } catch {
    throw new Error(`Temporal at ${temporalAddress()} cannot be reached. Set TEMPORAL_ADDRESS, or start it`);
  }
}

/** A module that is not configured is a slip of the keyboard: said before anything is asked. */
export function requireModule({ config }: Frame, module: string): void {
  const names = Object.keys(config.modules);
  if (!names.includes(module))
    throw new Error(`The module ${module} is not configured. Configured: ${names.join(', ')}`);
}

/** Says what went wrong, a line each; answers the exit code. */
export function complain(error: unknown): ExitCode {
  const lines = error instanceof ConfigError ? error.lines : [messageOf(error)];
  for (const line of lines) process.stderr.write(`zoho-mirror: ${line}\n`);
  const ran =
    error instanceof WorkflowFailedError && typeOf(error.cause) !== ('InvalidInput' satisfies ErrorType);
  return ran ? 1 : 2;
}

const typeOf = (error: unknown): string | null | undefined =>
  error instanceof ApplicationFailure ? error.type : undefined;

/** What a workflow failed of is inside what the client throws. */
export function messageOf(error: unknown): string {
  if (error instanceof WorkflowFailedError && error.cause) return messageOf(error.cause);
  return error instanceof Error ? error.message : String(error);
}
