// Says what a load would do, before anything is written: one export, compared with the table as it is.
import { CancellationScope } from '@temporalio/workflow';
import { noCounts, type DryRunInput, type DryRunStatus, type ModuleSettings } from '../contracts';
import { loading, quick } from './activities';
import { Desk } from './desk';
import { grouped, pageInHand } from './details';
import { PageExport } from './export-pages';
import { checkInput } from './input';

export async function DryRun(input: DryRunInput): Promise<DryRunStatus> {
  const { module } = checkInput('DryRun', input, { module: 'module' });
  const desk = new Desk<DryRunStatus>({ ...nothingYet(), module }, describe);
  const pages = new PageExport(desk, module);
  try {
    const settings = await look(desk, module);
    await pages.run(settings, { dryRun: true });
    desk.show({ phase: 'checking' });
    const found = await desk.untilDone(() =>
      loading.endPreview.executeWithOptions({ summary: `${module}: count what would happen` }, [module]),
    );
    desk.show({ ...found, phase: 'done' });
  } finally {
    await CancellationScope.nonCancellable(() =>
      quick.dropComparison.executeWithOptions(
        { summary: `${module}: tidy up`, scheduleToCloseTimeout: '1m' },
        [],
      ),
    ).catch(() => undefined);
    desk.show({ credits: pages.credits });
  }
  return desk.read();
}

async function look(desk: Desk<DryRunStatus>, module: string): Promise<ModuleSettings> {
  const { settings, table, ready, findings } = await desk.untilDone(() =>
    quick.inspectModule.executeWithOptions({ summary: `${module}: look at the table` }, [module]),
  );
  desk.useSearchAttributes(settings);
  desk.show({ table, ready, findings, ...(settings.remarks ? { remarks: settings.remarks } : {}) });
  return settings;
}

const nothingYet = (): Omit<DryRunStatus, 'module'> => ({
  phase: 'starting',
  health: 'ok',
  counts: noCounts(),
  pages: 0,
  inserted: 0,
  updated: 0,
  unchanged: 0,
  adopted: 0,
  matched: 0,
  ambiguous: 0,
  rejected: 0,
  rejectedBy: {},
  foreign: 0,
  unseen: 0,
  samples: { foreign: [], rejected: [], ambiguous: [] },
  credits: 0,
});

const describe = (status: DryRunStatus): string[] => {
  const { table, ready, findings = [], phase } = status;
  return [
    'Writes nothing into the table',
    ...pageInHand(status),
    ...(table ? [`${table} ${ready ? 'can be loaded' : 'cannot be loaded yet'}`] : []),
    ...findings.map(({ text }) => text),
    ...(phase === 'done'
      ? [
          `A load would insert ${grouped(status.inserted)} rows, update ${grouped(status.updated)}, adopt ${grouped(status.adopted)} and reject ${grouped(status.rejected)}; ${grouped(status.foreign)} stay foreign`,
        ]
      : []),
  ];
};
