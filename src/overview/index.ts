export {
  readMirror,
  type MirrorState,
  type ModuleHealth,
  type ModuleState,
  type WorkflowState,
} from './read-mirror';
