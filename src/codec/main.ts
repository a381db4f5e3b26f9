// `npm run codec-server`: on loopback only, for whoever may read what Temporal keeps.
import { parseArgs } from 'node:util';
import { ConfigError, loadEnvFile, loadPayloadKeys } from '../config';
import { createCodecServer } from './server';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8888' },
      ui: { type: 'string', default: 'http://localhost:8233' },
    },
  });
  loadEnvFile();
  const app = createCodecServer({ keys: loadPayloadKeys(), ui: new URL(values.ui).origin });
  const address = await app.listen({ host: '127.0.0.1', port: Number(values.port) });
  process.stdout.write(`codec server ready on ${address} for ${values.ui}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void app.close());
}

main().catch((error: unknown) => {
  const lines = error instanceof ConfigError ? error.lines : [String(error)];
  for (const line of lines) process.stderr.write(`codec server: ${line}\n`);
  process.exitCode = 2;
});
