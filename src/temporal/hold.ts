// Holding a module's schedules and letting them go on. What somebody else has paused stays so.
import { ScheduleNotFoundError, type Client } from '@temporalio/client';
import { scheduleIds } from '../contracts';

export interface PausedSchedule {
  scheduleId: string;
  /** Why, as whoever did it has said. */
  note?: string;
  /** Paused by `zoho-mirror pause`, so that `resume` lets it go on. */
  ours: boolean;
}

const noteOfOurs = 'zoho-mirror pause';

/** Answers which are paused now. */
export async function pauseSchedules(temporal: Client, module: string): Promise<string[]> {
  const paused = (await pausedSchedulesOf(temporal, module)).map(({ scheduleId }) => scheduleId);
  for (const idOf of Object.values(scheduleIds)) {
    const scheduleId = idOf(module);
    if (paused.includes(scheduleId)) continue;
    if (await ifThere(() => temporal.schedule.getHandle(scheduleId).pause(noteOfOurs)))
      paused.push(scheduleId);
  }
  return paused;
}

/** Answers which go on. */
export async function resumeSchedules(temporal: Client, module: string): Promise<string[]> {
  const ours = (await pausedSchedulesOf(temporal, module)).filter((schedule) => schedule.ours);
  for (const { scheduleId } of ours)
    await temporal.schedule.getHandle(scheduleId).unpause('zoho-mirror resume');
  return ours.map(({ scheduleId }) => scheduleId);
}

export async function pausedSchedulesOf(temporal: Client, module: string): Promise<PausedSchedule[]> {
  const found: PausedSchedule[] = [];
  for (const idOf of Object.values(scheduleIds)) {
    const scheduleId = idOf(module);
    await ifThere(async () => {
      const { state } = await temporal.schedule.getHandle(scheduleId).describe();
      const { paused, note } = state;
      if (paused) found.push({ scheduleId, ...(note ? { note } : {}), ours: note === noteOfOurs });
    });
  }
  return found;
}

/** A load makes the schedules; before it there are none. */
async function ifThere(look: () => Promise<void>): Promise<boolean> {
  try {
    await look();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}
