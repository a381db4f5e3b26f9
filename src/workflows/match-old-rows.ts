// Once, before the first row is loaded: old rows without a Zoho id are found by the columns that the configuration chooses.
import type { LoadStatus, ModuleSettings } from '../contracts';
import { loading, quick } from './activities';
import type { Desk } from './desk';
import type { PageExport } from './export-pages';

export async function matchOldRows(
  desk: Desk<LoadStatus>,
  settings: ModuleSettings,
  pages: PageExport,
): Promise<void> {
  if (!settings.match) return;
  const { module } = settings;
  const settled = await desk.untilDone(() =>
    quick.matchingSettled.executeWithOptions({ summary: `${module}: are old rows matched?` }, [module]),
  );
  if (settled) return;
  await pages.run(settings, { match: true });
  desk.show({ phase: 'matching' });
  const { adopted, ambiguous, samples } = await desk.untilDone(() =>
    loading.adoptMatches.executeWithOptions({ summary: `${module}: give old rows their ids` }, [module]),
  );
  const { remarks = [] } = desk.read();
  desk.show({ pages: 0, remarks: [...remarks, ...inWords({ adopted, ambiguous, samples })] });
}

const inWords = ({
  adopted,
  ambiguous,
  samples,
}: {
  adopted: number;
  ambiguous: number;
  samples: string[];
}): string[] => [
  `${adopted} old rows were matched`,
  ...(ambiguous > 0
    ? [
        `${ambiguous} records match more than one old row, or share theirs; those rows are left alone: ${samples.join(', ')}`,
      ]
    : []),
];
