/** Faults of policies about responses. */
import { warningFault, type Fault } from './fault.ts';

export function errorPageReasonUnknown(path: string, reason: string): Fault {
  return warningFault({
    code: 'error-page-reason',
    reason: 'Accepted',
    path,
    message: `There is no reason code ${reason}.`,
    hint: 'docs/reference/reasons.md lists them.',
  });
}

export function hstsPreloadIncomplete(path: string): Fault {
  return warningFault({
    code: 'hsts-preload',
    reason: 'Accepted',
    path,
    message: 'Lists of browsers take hosts only with includeSubDomains and a maxAge of at least a year.',
    hint: 'Set includeSubDomains: true and maxAge: 8760h, or remove preload.',
  });
}
