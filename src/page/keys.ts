/** What a key does. */
export type Action =
  | { readonly do: 'move'; readonly by: number }
  | { readonly do: 'window'; readonly index: number }
  | { readonly do: 'chart'; readonly by: number }
  | { readonly do: 'open' | 'back' | 'hold' | 'newest' | 'search' | 'clear' | 'theme' | 'help' }

const ACTIONS: ReadonlyMap<string, Action> = new Map(
  Object.entries<Action>({
    j: { do: 'move', by: 1 },
    ArrowDown: { do: 'move', by: 1 },
    k: { do: 'move', by: -1 },
    ArrowUp: { do: 'move', by: -1 },
    PageDown: { do: 'move', by: 20 },
    PageUp: { do: 'move', by: -20 },
    Enter: { do: 'open' },
    Escape: { do: 'back' },
    ' ': { do: 'hold' },
    g: { do: 'newest' },
    Home: { do: 'newest' },
    '/': { do: 'search' },
    c: { do: 'clear' },
    '[': { do: 'chart', by: -1 },
    ']': { do: 'chart', by: 1 },
    1: { do: 'window', index: 0 },
    2: { do: 'window', index: 1 },
    3: { do: 'window', index: 2 },
    t: { do: 'theme' },
    '?': { do: 'help' },
  }),
)

/** In the panel of a print they press its buttons and move what is read there. */
const PANEL_KEYS = ['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', ' ', 'Enter']

export type Pressed = {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
}

/**
 * What a key does where the focus is on an element `tag` (in capitals, as the browser has it; ASIDE:
 * in the panel of a print); null: nothing, the browser does what it always does.
 */
export function actionOf(pressed: Pressed, tag: string): Action | null {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return null
  const action = ACTIONS.get(pressed.key) ?? null
  if (tag === 'INPUT') return action?.do === 'back' ? action : null
  if (tag === 'ASIDE' && PANEL_KEYS.includes(pressed.key)) return null
  const presses = pressed.key === ' ' || pressed.key === 'Enter'
  return presses && tag === 'BUTTON' ? null : action
}
