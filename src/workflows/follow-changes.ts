// Everything modified or deleted since an instant, merged; the watermark moves only when nothing before it was left out.
import {
  addCounts,
  type Counts,
  type LoadStatus,
  type ModuleSettings,
  type ReadPosition,
} from '../contracts';
import { quick, reading } from './activities';
import type { Desk } from './desk';
import type { PageExport } from './export-pages';

/** Modified_Time has whole seconds, and a record may become readable a little after it was stamped. */
const overlapMs = 5 * 60_000;
/**
 * A COQL page of 2,000 ids costs 3 credits and their re-read 20 more for each 48 fields; a Bulk Read job costs about 52 whatever its size.
 * So from some 4,500 changes on the export is the cheaper way, and sooner for a module of many fields.
 */
const worthExporting = 4_500;
/** While people delete without a pause every reading finds something new; the next catch-up goes on from there. */
const mostReadings = 5;

type LoadDesk = Pick<Desk<LoadStatus>, 'show' | 'read' | 'untilDone'>;

export async function followChanges(
  desk: LoadDesk,
  settings: ModuleSettings,
  pages: PageExport,
  since: string,
): Promise<void> {
  const { module } = settings;
  const from = new Date(Date.parse(since) - overlapMs).toISOString();
  desk.show({ phase: 'catching-up', since });

  const { started, many, counts } = await desk.untilDone(() =>
    reading.surveyChanges.executeWithOptions({ summary: `${module}: how much has changed?` }, [
      module,
      from,
      worthExporting,
    ]),
  );
  const route = many ? 'bulk-read' : 'coql';
  desk.show({ route });
  if (counts) add(desk, counts);
  else if (many) await pages.run(settings, { modifiedSince: from });
  else await readByIds(desk, module, from, started);

  await readDeletions(desk, module, from);
  await advance(desk, module, since, started);
}

async function readByIds(desk: LoadDesk, module: string, since: string, until: string): Promise<void> {
  let after: ReadPosition | undefined;
  do {
    const part = await desk.untilDone(() =>
      reading.readChanges.executeWithOptions({ summary: `${module}: re-read what changed` }, [
        { module, since, until, ...(after ? { after } : {}) },
      ]),
    );
    add(desk, part.counts);
    after = part.after;
  } while (after);
}

/**
 * The list has pages and no cursor: a record that is restored while it is read pulls the rest a place forward, and one slips from the
 * next page into one that was read. So a list of several pages is read again, until nothing new turns up.
 */
async function readDeletions(desk: LoadDesk, module: string, since: string): Promise<void> {
  for (let reading = 1; reading <= mostReadings; reading += 1) {
    const { several, deleted } = await readDeletedList(desk, module, since);
    if (!several || deleted === 0) return;
  }
}

async function readDeletedList(
  desk: LoadDesk,
  module: string,
  since: string,
): Promise<{ several: boolean; deleted: number }> {
  let page: number | undefined = 1;
  let several = false;
  let deleted = 0;
  do {
    const from: number = page;
    const part = await desk.untilDone(() =>
      reading.readDeletions.executeWithOptions({ summary: `${module}: what was deleted?` }, [
        { module, since, page: from },
      ]),
    );
    add(desk, part.counts);
    several = part.several ?? false;
    deleted += part.counts.deleted;
    page = part.nextPage;
  } while (page !== undefined);
  return { several, deleted };
}

async function advance(desk: LoadDesk, module: string, since: string, to: string): Promise<void> {
  const watermark = await desk.untilDone(() =>
    quick.advanceWatermark.executeWithOptions({ summary: `${module}: move the watermark` }, [
      { module, since, to },
    ]),
  );
  if (watermark) desk.show({ watermark });
}

const add = (desk: LoadDesk, counts: Counts): void =>
  desk.show({ counts: addCounts(desk.read().counts, counts) });
