// Bundles the workflows at build time, so that a worker starts fast and runs exactly what was built.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

async function main(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(__dirname, '..', 'src', 'workflows', 'index.js'),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error },
  });
  const target = join(__dirname, '..', 'workflow-bundle.js');
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, code);
}

void main();
