import { useEffect, useState } from 'preact/hooks'

const KEY = 'flow.theme'
const THEMES = ['system', 'dark', 'light'] as const
export type Theme = (typeof THEMES)[number]

/** The colours, kept for the next visit. `seen` also changes when the system's do. */
export function useTheme(): { theme: Theme; seen: string; next: () => void } {
  const [theme, setTheme] = useState<Theme>(stored)
  const [isDark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches)
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)')
    const note = (): void => setDark(query.matches)
    query.addEventListener('change', note)
    return () => query.removeEventListener('change', note)
  }, [])
  // before the first paint of what depends on it
  document.documentElement.dataset.theme = theme
  const next = (): void => {
    const following = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!
    localStorage.setItem(KEY, following)
    setTheme(following)
  }
  return { theme, seen: `${theme} ${isDark}`, next }
}

function stored(): Theme {
  const text = localStorage.getItem(KEY)
  return THEMES.find((theme) => theme === text) ?? 'system'
}
