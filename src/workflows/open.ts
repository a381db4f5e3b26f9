// The first step of every workflow: may the module be mirrored, and by which settings.
import type { ModuleSettings, Status } from '../contracts';
import { quick } from './activities';
import type { Desk } from './desk';

/** @param fresh whether the fields must be those of this moment. */
export async function open<S extends Status>(
  desk: Desk<S>,
  module: string,
  { fresh }: { fresh: boolean } = { fresh: true },
): Promise<ModuleSettings> {
  const settings = await desk.untilDone(() =>
    quick.openModule.executeWithOptions({ summary: `${module}: settings` }, [module, { fresh }]),
  );
  desk.useSearchAttributes(settings);
  return settings;
}
