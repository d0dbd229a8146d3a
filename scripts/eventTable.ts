import { EVENT_SPECS, eventTable } from '../packages/node/src/eventSpecs.ts'

/** `docs/events.md`: the events of the rollup node, from the same specs that the compiler checks. */
export function eventsPage(): string {
  const derivers = EVENT_SPECS.map(({ name }) => `\`${name}\``).join(' → ')
  return [
    '# Events of the rollup node',
    '',
    'One queue, first in, first out; an event is handled by one deriver after the other, in this order:',
    '',
    `${derivers}.`,
    '',
    'The union of all events, with what each means, is in `packages/node/src/events.ts`. A handler that throws emits',
    '`reset-event`, `l1-temporary-error`, `engine-temporary-error` or `critical-error` by the severity of the error;',
    'that is not in the table. `driver` feeds the queue from outside: signals, timers, and work done beside the queue.',
    '',
    eventTable(),
  ].join('\n')
}
