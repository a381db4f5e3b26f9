// A real Temporal server with its Web UI, for the demo, the benches and the tests.
import { join } from 'node:path';
import { startChild, type Child } from './child';
import { freePort } from './ports';
import { findTemporalBinary } from './temporal-binary';

export interface TemporalServer {
  address: string;
  uiUrl: string;
  binary: string;
  child: Child;
}

export interface TemporalServerOptions {
  folder: string;
  port?: number;
  uiPort?: number;
  /** Keeps the histories over a restart. */
  dbFile?: string;
  extraArgs?: readonly string[];
  say?: (line: string) => void;
}

/** The server looks for free ports of its own, and another one that starts at the same moment may be quicker. */
const attempts = 3;

export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}

async function startOnce(options: TemporalServerOptions): Promise<TemporalServer> {
  const binary = await findTemporalBinary(options.say);
  const port = options.port ?? (await freePort());
  const uiPort = options.uiPort ?? (await freePort());
  const args = [
    'server',
    'start-dev',
    '--ip',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--ui-port',
    `${uiPort}`,
    '--log-level',
    'error',
  ];
  const child = await startChild({
    name: 'temporal server',
    command: binary,
    args: [
      ...args,
      ...(options.dbFile ? ['--db-filename', options.dbFile] : []),
      ...(options.extraArgs ?? []),
    ],
    logFile: join(options.folder, 'temporal.log'),
    ready: /Server:|Temporal Server:/i,
  });
  return { address: `127.0.0.1:${port}`, uiUrl: `http://127.0.0.1:${uiPort}`, binary, child };
}
