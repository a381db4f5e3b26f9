// Every export here is a workflow type: nothing else may be exported.
export { CatchUpSync } from './catch-up-sync';
export { ChannelRenewal } from './channel-renewal';
export { DryRun } from './dry-run';
export { InitialSync } from './initial-sync';
export { NotificationSync } from './notification-sync';
export { Reconcile } from './reconcile';
