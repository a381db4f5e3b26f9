// Plays the acts of a story on a world, and writes down what really happened.
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import Sqlite from 'better-sqlite3';
import { mutate } from '../../simulator';
import { signals, TASK_QUEUE, workflowIds, workflowTypes } from '../../src/contracts';
import { eventually } from '../support/eventually';
import { Chronicle } from './chronicle';
import type { Act, Beat } from './draw';
import { refusals, type Rules } from './likeness';
import { tamper } from './tamper';
import { moduleName, type World } from './world';

const spoilt: readonly Record<string, string>[] = [
  { Company: 'A company with far too long a name' },
  { Lead_Source: 'Empfehlung' },
  { City: 'Kraków' },
];
const mended = { Company: 'Acme', Lead_Source: 'Cold Call', City: 'Köln' };

export class Stage {
  readonly chronicle: Chronicle;
  /** Of what did not strike inside the simulator. */
  faults = 0;
  kills = 0;
  readonly formulaMs = new Map<string, number>();
  /** Ids of rows that somebody has written past the mirror. */
  readonly tampered = new Set<string>();
  private readonly loose = new Set<Promise<unknown>>();

  constructor(
    private readonly world: World,
    private readonly rules: Rules,
    private readonly tell: (line: string) => void,
  ) {
    this.chronicle = new Chronicle(world.sim, moduleName);
  }

  /** Each at its time, until all have ended or `stopped`. */
  async perform(beats: readonly Beat[], stopped: () => boolean): Promise<void> {
    const began = Date.now();
    for (const { atMs, ...act } of beats) {
      await delay(Math.max(0, began + atMs - Date.now()));
      if (stopped()) break;
      this.play(act);
    }
    await this.calm();
  }

  play(act: Act): void {
    const { sim } = this.world;
    switch (act.kind) {
      case 'sync':
        this.say(act);
        return this.aside(this.sync());
      case 'create':
        return this.mutate(act, { creates: act.count, seed: act.salt });
      case 'edit':
        return this.each(act, (id) => this.mutate(act, { edits: 1, seed: act.salt, onlyIds: [id] }));
      case 'edit-twice':
        return this.each(act, (id) => this.editTwice(act, id));
      case 'mass-edit':
        return this.mutate(act, { edits: act.count, seed: act.salt });
      case 'spoil':
        return this.each(act, (id) =>
          this.change(act, () => sim.crm.edit(moduleName, id, spoilt[act.what]!)),
        );
      case 'mend':
        return this.mend(act);
      case 'delete':
        return this.each(act, (id) => this.change(act, () => sim.crm.remove(moduleName, id, act)));
      case 'create-and-delete': {
        const { id } = sim.crm.create(moduleName);
        this.chronicle.note();
        return this.change(act, () => sim.crm.remove(moduleName, id));
      }
      case 'delete-and-restore':
        return this.each(act, (id) => this.deleteAndRestore(act, id));
      case 'restore':
        return this.restore(act);
      case 'convert':
        return this.each(act, (id) => this.change(act, () => sim.crm.convert(moduleName, id)));
      case 'formula':
        return this.each(act, (id) => {
          this.mutate(act, { drifts: 1, seed: act.salt, onlyIds: [id] });
          this.formulaMs.set(id, sim.clock.now());
        });
      case 'zoho-clock':
        sim.clock.advance(act.aheadMs);
        return this.say(act);
      case 'fault':
        sim.faults.add(act.rule);
        return this.say(act);
      case 'hold-jobs':
        sim.jobs.hold();
        return this.forAWhile(act, act.forMs, () => sim.jobs.release());
      case 'expire-page-tokens':
        sim.jobs.expireTokens();
        return this.trouble(act);
      case 'kill-channel':
        sim.channels.kill();
        return this.trouble(act);
      case 'revoke-access-tokens':
        sim.oauth.revoke();
        return this.trouble(act);
      case 'no-notifications':
        sim.notifier.enabled = false;
        return this.forAWhile(act, act.forMs, () => (sim.notifier.enabled = true));
      case 'lock-database':
        return this.lockDatabase(act);
      case 'kill':
        return this.kill(act);
      case 'restart-temporal':
        return this.restartTemporal(act);
      case 'catch-up':
        this.say(act);
        return this.aside(this.catchUp().catch(() => undefined));
      case 'tamper': {
        const id = tamper(this.world.databasePath, moduleName, act);
        if (id !== undefined) this.tampered.add(id);
        return this.say(act, id ?? 'nothing lives');
      }
    }
  }

  /** Everything that was begun has ended. */
  async calm(): Promise<void> {
    while (this.loose.size > 0) await Promise.all(this.loose);
  }

  /** Starts InitialSync as soon as Temporal can be reached. */
  sync(): Promise<WorkflowHandle> {
    return eventually('Temporal to take InitialSync', () =>
      this.world.client.workflow.start(workflowTypes.initialSync, {
        taskQueue: TASK_QUEUE,
        workflowId: workflowIds.initialSync(moduleName),
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [{ module: moduleName }],
      }),
    );
  }

  async catchUp() {
    return this.world.client.workflow.signalWithStart(workflowTypes.catchUpSync, {
      taskQueue: TASK_QUEUE,
      workflowId: workflowIds.catchUp(moduleName),
      args: [{ module: moduleName }],
      signal: signals.catchUpAgain,
      signalArgs: [{}],
    });
  }

  private say(act: Act, outcome = ''): void {
    const { kind, ...more } = act;
    this.tell(`${kind} ${JSON.stringify(more)}${outcome === '' ? '' : ` → ${outcome}`}`);
  }

  private trouble(act: Act): void {
    this.faults += 1;
    this.say(act);
  }

  private change(act: Act, work: () => unknown): void {
    work();
    this.say(act, this.chronicle.note().join(' '));
  }

  private mutate(act: Act, mutation: Omit<Parameters<typeof mutate>[1], 'module'>): void {
    this.change(act, () => mutate(this.world.sim.crm, { module: moduleName, ...mutation }));
  }

  private each(act: Act & { share: number }, work: (id: string) => void): void {
    const ids = this.chronicle.liveIds();
    const id = ids[Math.floor(act.share * ids.length)];
    if (id === undefined) return this.say(act, 'nothing lives');
    work(id);
  }

  /** Whom it helps first. */
  private mend(act: Extract<Act, { kind: 'mend' }>): void {
    const { lives } = this.chronicle;
    const ids = this.chronicle.liveIds();
    const refused = ids.filter((id) => refusals(lives.get(id)?.now ?? {}, this.rules).length > 0);
    const among = refused.length > 0 ? refused : ids;
    const id = among[Math.floor(act.share * among.length)];
    if (id === undefined) return this.say(act, 'nothing lives');
    this.change(act, () => this.world.sim.crm.edit(moduleName, id, mended));
  }

  private editTwice(act: Extract<Act, { kind: 'edit-twice' }>, id: string): void {
    this.mutate(act, { edits: 1, seed: act.salt, onlyIds: [id] });
    this.aside(
      delay(act.gapMs).then(() => {
        if (this.chronicle.lives.get(id)?.now)
          this.mutate(act, { edits: 1, seed: act.salt + 1, onlyIds: [id] });
      }),
    );
  }

  private deleteAndRestore(act: Extract<Act, { kind: 'delete-and-restore' }>, id: string): void {
    const { crm } = this.world.sim;
    this.change(act, () => crm.remove(moduleName, id));
    this.aside(
      delay(act.gapMs).then(() => {
        if (crm.table(moduleName).deleted.get(id)?.kind === 'recycle')
          this.change(act, () => crm.restore(moduleName, id));
      }),
    );
  }

  private restore(act: Extract<Act, { kind: 'restore' }>): void {
    const { crm } = this.world.sim;
    const binned = [...crm.table(moduleName).deleted.values()].filter(({ kind }) => kind === 'recycle');
    const found = binned[Math.floor(act.share * binned.length)];
    if (!found) return this.say(act, 'the bin is empty');
    this.change(act, () => crm.restore(moduleName, found.row.id));
  }

  private lockDatabase(act: Extract<Act, { kind: 'lock-database' }>): void {
    const beside = new Sqlite(this.world.databasePath, { timeout: 1 });
    try {
      beside.exec('BEGIN IMMEDIATE');
    } catch {
      beside.close();
      return this.say(act, 'somebody writes just now');
    }
    this.forAWhile(act, act.forMs, () => (beside.exec('ROLLBACK'), beside.close()));
  }

  private kill(act: Extract<Act, { kind: 'kill' }>): void {
    const victim = act.who === 'worker' ? this.world.worker : this.world.api;
    if (!victim) return;
    this.aside(
      victim.strike('SIGKILL', act.downMs).then((hit) => {
        if (hit) this.kills += 1;
        this.say(act, hit ? '' : 'is down already');
      }),
    );
  }

  private restartTemporal(act: Extract<Act, { kind: 'restart-temporal' }>): void {
    this.aside(
      this.world.temporal.strike(act.signal, act.downMs).then((hit) => {
        if (hit) this.kills += 1;
        this.say(act, hit ? '' : 'is down already');
      }),
    );
  }

  private forAWhile(act: Act, ms: number, end: () => unknown): void {
    this.trouble(act);
    this.aside(delay(ms).then(end));
  }

  private aside(work: Promise<unknown>): void {
    this.loose.add(work);
    void work.finally(() => this.loose.delete(work)).catch(() => undefined);
  }
}
