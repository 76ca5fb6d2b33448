import type { WindowEvidence } from '../domain/evidence.ts'
import { countText, premiumText, priceText, timeText } from './format.ts'
import { titled } from './row-text.ts'

/** Legs that are listed; the sums are of all. */
const LEGS_SHOWN = 60

/** The event of a print: its sums, its legs, and how it was revised. */
export function Legs({ window }: { readonly window: WindowEvidence }) {
  const { event, legs, exchanges, earlier } = window
  const start = legs[0]?.timestamp ?? 0
  return (
    <section class="legs" aria-label="Event">
      <h3>
        {event === null ? 'Event' : titled(event.kind)} of {legs.length} legs on {exchanges.length}{' '}
        {exchanges.length === 1 ? 'venue' : 'venues'}
      </h3>
      {event !== null && (
        <p class="num">
          {countText(event.totalSize)} contracts
          {event.vwap === null ? '' : ` @ ${priceText(event.vwap)}`},{' '}
          {premiumText(event.totalPremium)} in {event.spanMs} ms
          {event.isVoid && <em> void: no print is left of it</em>}
        </p>
      )}
      {event?.why != null && <p class="because">{event.why}</p>}
      <table>
        <thead>
          <tr>
            <th scope="col">After</th>
            <th scope="col">Venue</th>
            <th scope="col" class="num">
              Size
            </th>
            <th scope="col" class="num">
              Price
            </th>
            <th scope="col">
              <span class="unseen">Chosen</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {legs.slice(0, LEGS_SHOWN).map((leg) => (
            <tr key={`${leg.timestamp} ${leg.arrival}`}>
              <td class="num">{leg.timestamp - start} ms</td>
              <td>{leg.exchange ?? '?'}</td>
              <td class="num">{countText(leg.size)}</td>
              <td class="num">{priceText(leg.price)}</td>
              <td>{leg.isThis ? 'this' : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {legs.length > LEGS_SHOWN && <p class="dim">and {legs.length - LEGS_SHOWN} more legs</p>}
      {earlier.length > 0 && event !== null && (
        <ol class="versions">
          {[...earlier, event].map((version) => (
            <li key={version.revision}>
              {timeText(version.recordedAt)} ET {titled(version.kind)}, {version.legCount} legs,{' '}
              {premiumText(version.totalPremium)} ({version.reason})
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}
