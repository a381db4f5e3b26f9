// `npm run api`
import { runProcess } from '../process';
import { runApi } from './run';

void runProcess('api', runApi);
