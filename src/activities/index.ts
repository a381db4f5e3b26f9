// The only place where Zoho meets the database. One factory builds all activities from what comes from outside.
import { createCatchUpActivities } from './catch-up';
import { createChannelActivities } from './channels';
import { DeletionsByModule } from './deletions';
import type { Deps } from './deps';
import { createDryRunActivities } from './dry-run';
import { createExportJobActivities } from './export-jobs';
import { createLoadPageActivities } from './load-page';
import { createMatchActivities } from './match';
import { measured } from './metrics';
import { createModuleActivities } from './modules';
import { createReconcileActivities } from './reconcile';
import { createRereadActivities } from './reread';
import { createRunActivities } from './runs';
import { createSweepActivities } from './sweep';
import { createSiblingActivities } from './siblings';

export function createActivities(parts: Deps) {
  const deps = { ...parts, db: measured(parts.db) };
  const deletions = new DeletionsByModule();
  return {
    ...createModuleActivities(deps),
    ...createExportJobActivities(deps),
    ...createLoadPageActivities(deps),
    ...createRereadActivities(deps),
    ...createSweepActivities(deps, deletions),
    ...createReconcileActivities(deps, deletions),
    ...createMatchActivities(deps),
    ...createDryRunActivities(deps),
    ...createCatchUpActivities(deps),
    ...createChannelActivities(deps),
    ...createRunActivities(deps),
    ...createSiblingActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
export type { Deps } from './deps';
export { Catalog, knownTable, mappingFor, targetTable, type ModulePlan } from './catalog';
export { changesSince, inWords, loadedAs, loadFingerprint, type Change } from './loaded-as';
export { sharedStores } from './shared-stores';
export { asFailure } from './failures';
export { activityInterceptor } from './interceptor';
export { isWorthTelling, retryReporter } from './retry-report';
export type { CreateJob } from './export-jobs';
export type { LoadedPage, LoadPage } from './load-page';
export type { RenewedChannel } from './channels';
export type { Inspected } from './dry-run';
export type { MatchedRows, OfferPage } from './match';
export type { ChangesPart, ReadPart, Survey } from './catch-up';
export type {
  Checked,
  CheckPart,
  CompareEnd,
  ComparePage,
  Compared,
  RepairedPart,
  RepairPart,
} from './reconcile';
export type { Reread, RereadResult } from './reread';
export type { SweepPart, SweptPart } from './sweep';
export type { Advance, CompleteLoad, RunEnd } from './runs';
