// The first step of every workflow: may the module be mirrored, and by which settings.
import type { ModuleSettings, Status } from '../contracts';
import { quick } from './activities';
import type { Desk } from './desk';

export async function open<S extends Status>(desk: Desk<S>, module: string): Promise<ModuleSettings> {
  const settings = await desk.persist(() =>
    quick.openModule.executeWithOptions({ summary: `${module}: settings` }, [module]),
  );
  desk.settle(settings);
  return settings;
}
