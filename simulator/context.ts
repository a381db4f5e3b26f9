// What every route may use, in one object; it holds no logic.
import type { Channels } from './channels';
import type { Clock } from './clock';
import type { Credits } from './credits';
import type { Crm } from './crm';
import type { Faults } from './faults';
import type { Jobs } from './jobs';
import type { Notifier } from './notifications';
import type { OAuth } from './oauth';
import type { SimulatorOptions } from './options';
import type { PageTokens } from './page-tokens';
import type { Stats } from './stats';
import type { Zone } from './zone';

export interface Context {
  readonly options: SimulatorOptions;
  readonly clock: Clock;
  readonly zone: Zone;
  readonly crm: Crm;
  readonly oauth: OAuth;
  readonly credits: Credits;
  readonly faults: Faults;
  readonly jobs: Jobs;
  readonly channels: Channels;
  readonly notifier: Notifier;
  readonly pageTokens: PageTokens;
  readonly stats: Stats;
  readonly url: () => string;
}
