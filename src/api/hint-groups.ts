// Hands notifications on in groups: the first after a lull at once, then together what comes within a tenth of a second. A signal costs
// Temporal the same with one id or with five hundred, and a mass update in Zoho posts hundreds of notifications a second.
import type { Hint, HintOperation } from '../contracts';

const everyMs = 100;
/** A group of so many ids does not wait for its turn. */
const mostIds = 500;

type Send = (module: string, hint: Hint) => Promise<void>;

export class HintGroups {
  /** A module is in here for a while after each of its signals; what comes meanwhile is gathered. */
  private readonly modules = new Map<string, Group | undefined>();

  constructor(private readonly send: Send) {}

  /** Resolves when Temporal has durably accepted it, alone or with others; rejects when it may not have. */
  async take(module: string, hint: Hint): Promise<void> {
    if (!this.modules.has(module)) {
      this.waitAWhile(module);
      return this.send(module, hint);
    }
    const group = this.modules.get(module) ?? new Group(hint.receivedAt);
    group.add(hint);
    if (group.size < mostIds) this.modules.set(module, group);
    else {
      this.modules.set(module, undefined);
      this.launch(module, group);
    }
    return group.accepted;
  }

  private waitAWhile(module: string): void {
    this.modules.set(module, undefined);
    setTimeout(() => {
      const group = this.modules.get(module);
      if (!group) return void this.modules.delete(module);
      this.waitAWhile(module);
      this.launch(module, group);
    }, everyMs);
  }

  private launch(module: string, group: Group): void {
    Promise.all(group.hints().map((hint) => this.send(module, hint))).then(
      () => group.accept(),
      (error: unknown) => group.refuse(error),
    );
  }
}

class Group {
  accept!: () => void;
  refuse!: (error: unknown) => void;
  readonly accepted = new Promise<void>((resolve, reject) => {
    this.accept = resolve;
    this.refuse = reject;
  });
  /** The last word about each id. */
  private readonly operations = new Map<string, HintOperation>();
  private notifications = 0;

  /** @param receivedAt of its first notification: a catch-up in its stead must begin there. */
  constructor(private readonly receivedAt: string) {}

  get size(): number {
    return this.operations.size;
  }

  add({ ids, operation }: Hint): void {
    this.notifications += 1;
    for (const id of ids) this.operations.set(id, operation);
  }

  /** One for each operation. */
  hints(): Hint[] {
    const idsOf = new Map<HintOperation, string[]>();
    for (const [id, operation] of this.operations) {
      const ids = idsOf.get(operation);
      if (ids) ids.push(id);
      else idsOf.set(operation, [id]);
    }
    return [...idsOf].map(([operation, ids], index) => {
      const notifications = index === 0 ? this.notifications : 0;
      const hint = { ids, operation, receivedAt: this.receivedAt };
      return notifications === 1 ? hint : { ...hint, notifications };
    });
  }
}
