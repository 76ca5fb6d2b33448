import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

const KEYS: readonly (readonly [key: string, does: string])[] = [
  ['j, k or arrows', 'next, previous print; holds the tape'],
  ['Enter', 'open the chosen print'],
  ['Esc', 'close what is open, else let the tape run'],
  ['Space', 'hold the tape, or let it run'],
  ['g', 'back to the newest print'],
  ['/', 'type symbols'],
  ['c', 'clear all filters'],
  ['[ and ]', 'chart of the previous, next underlying'],
  ['1, 2, 3', 'look back 1 h, 4 h, 24 h'],
  ['t', 'colours: as the system, dark, light'],
  ['?', 'this list'],
]

export function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog label="Keys" onClose={onClose}>
      <h2>Keys</h2>
      <dl class="keys">
        {KEYS.map(([key, does]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p class="dim">
        {'\u25b2'} bullish, {'\u25bc'} bearish, {'\u2013'} neutral. + bought, {'\u2212'} sold, = at
        the mid, ? no side. Times are of New York.
      </p>
      <p class="dim">
        On a card: net premium of what was bought and sold, the bar shows the share of calls, P/C is
        put to call premium, Inst. and Conf. are institutional score and confidence, 0 to 100.
      </p>
      <button type="button" onClick={onClose}>
        Close
      </button>
    </Dialog>
  )
}

type TokenProps = { readonly message: string; readonly onToken: (token: string) => void }

/** Asks for FLOW_HTTP_TOKEN. It is kept for this tab only. */
export function TokenForm({ message, onToken }: TokenProps) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <Dialog label="Token">
      <h2>This engine asks for a token</h2>
      <p id="token-why">{message}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const token = input.current!.value.trim()
          if (token !== '') onToken(token)
        }}
      >
        <label>
          FLOW_HTTP_TOKEN
          <input ref={input} type="password" name="token" autocomplete="off" required />
        </label>
        <button type="submit">Go on</button>
      </form>
      <p class="dim">It is kept in this tab until you close it.</p>
    </Dialog>
  )
}

type DialogProps = {
  readonly label: string
  readonly onClose?: () => void
  readonly children: ComponentChildren
}

/** What stands before the page; nothing behind it can be reached. */
function Dialog({ label, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current!.showModal()
  }, [])
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault()
        onClose?.()
      }}
    >
      {children}
    </dialog>
  )
}
