// The run of the workflow that asks: what a comparison or a preview keeps belongs to it.
import { activityInfo } from '@temporalio/activity';

export const thisRun = (): string => activityInfo().workflowExecution!.runId;
