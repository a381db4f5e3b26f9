// `npm run demo`: puts the house up, tells the story, prints the report, leaves nothing behind.
import { dirname } from 'node:path';
import { SingleBar } from 'cli-progress';
import { House } from './house';
import { parseDemoOptions, type DemoOptions } from './options';
import { Story, type Report, type Screen } from './story';
import { prepareTarget } from './target';

async function main(): Promise<void> {
  const options = parseDemoOptions(process.argv);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => stop.abort(new Error('stopped')));
  const screen = createScreen(options);
  if (options.target !== undefined) await prepareTarget(options.target);
  // More pages than kills, so that each kill finds a page of its own.
  const pageRows = Math.ceil(options.records / Math.max(4, options.kills + 2));
  screen.say('starting Temporal, the pretended Zoho CRM, the API and the worker');
  const house = await House.open({ ...options, pageRows, say: screen.say });
  screen.say(`Temporal Web UI: ${house.temporal.uiUrl}`);
  try {
    const story = await Story.open(house, options, screen);
    try {
      const report = await story.tell(stop.signal);
      screen.end();
      print(report, options, house);
      process.exitCode = report.ok ? 0 : 1;
      if (options.keep) await keep(house, options, stop.signal);
    } finally {
      await story.close();
    }
  } catch (error) {
    screen.end();
    if (!stop.signal.aborted)
      process.stderr.write(
        `demo: ${error instanceof Error ? error.message : String(error)}\nlogs: ${house.folder}\n`,
      );
    process.exitCode = stop.signal.aborted ? 130 : 1;
  } finally {
    await house.close({ removeFolder: stop.signal.aborted && !options.keep });
  }
}

function createScreen({ json }: DemoOptions): Screen & { end(): void } {
  const bar =
    !json && process.stdout.isTTY
      ? new SingleBar({ format: 'loading {bar} {value}/{total} rows', hideCursor: true })
      : undefined;
  let drawn = false;
  const out = json ? process.stderr : process.stdout;
  const pause = (): void => {
    if (drawn) bar?.stop();
    drawn = false;
  };
  return {
    say: (line) => (pause(), void out.write(`${line}\n`)),
    progress(done, total) {
      if (!bar) return;
      if (!drawn) bar.start(total, done);
      drawn = true;
      bar.update(done);
    },
    end: pause,
  };
}

function print(report: Report, { json }: DemoOptions, house: House): void {
  const lines = [
    '',
    report.ok ? 'Both sides are equal.' : 'The two sides differ:',
    ...report.examples.map(({ id, what }) => `  ${id}: ${what}`),
    '',
    `  records compared   ${report.records}`,
    `  pages              ${report.pages}`,
    `  rows per second    ${report.rowsPerSecond} (over the whole load, deaths included)`,
    `  kills survived     ${report.kills}${report.resumedAtRow.length > 0 ? `, resumed at row ${report.resumedAtRow.join(', ')} of the page` : ''}`,
    `  notifications      ${report.notifications}`,
    `  API credits        ${report.credits}`,
    `  planted, repaired  ${report.reconcile.found}, ${report.reconcile.repaired}; left ${report.reconcile.left}`,
    `  differences        ${report.differences}`,
    `  seconds            ${report.seconds}`,
    `  Temporal Web UI    ${report.temporalUi}`,
    `  database           ${report.database}`,
    `  logs               ${house.folder}`,
    '',
  ];
  (json ? process.stderr : process.stdout).write(`${lines.join('\n')}\n`);
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
}

async function keep(house: House, { json }: DemoOptions, signal: AbortSignal): Promise<void> {
  const address = `--address ${house.temporal.address}`;
  const mirror = `npx zoho-mirror --env ${house.writeEnvFile()}`;
  (json ? process.stderr : process.stdout).write(
    [
      'Everything keeps running until Ctrl-C. Try, in another terminal, in this folder:',
      `  export PATH="${dirname(house.temporal.binary)}:$PATH"    # the Temporal CLI`,
      `  ${mirror} status`,
      `  ${mirror} reconcile Leads`,
      `  temporal workflow list ${address}`,
      `  temporal workflow query ${address} --workflow-id channel-renewal/Leads --type status`,
      `  temporal workflow update execute ${address} --workflow-id channel-renewal/Leads --name renewNow`,
      `  temporal workflow start ${address} --task-queue zoho-mirror --type CatchUpSync --workflow-id catch-up/Leads --input '{"module":"Leads"}'`,
      `  curl -X POST ${house.crmUrl}/__sim/mutate -H 'content-type: application/json' -d '{"module":"Leads","edits":100}'`,
      `  kill -9 ${house.workerPid}    # the worker: everything waits where it was`,
      `  ${mirror} start worker    # and goes on`,
      '',
    ].join('\n'),
  );
  await new Promise<void>((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
});
