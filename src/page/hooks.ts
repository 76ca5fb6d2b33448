import { useEffect, useRef, useState } from 'preact/hooks'
import type { Api } from './api.ts'
import { ApiError } from './api-error.ts'

/** An answer that is asked for again and again. */
export type Polled<T> = {
  readonly data: T | null
  /** That of the last time; null: it was answered. */
  readonly error: ApiError | null
  /** When it was last answered, epoch ms. */
  readonly at: number
  /** When the first of the errors since then came, epoch ms; null: there is none. */
  readonly failedAt: number | null
}

/**
 * GETs `path` now and every `periodMs` ms; null: nothing is asked. A hidden tab asks nothing. Data
 * of before stay while the engine does not answer, but not those of another path or `epoch`.
 * `query` is put behind the path anew each time.
 */
export function usePoll<T>(
  api: Api,
  path: string | null,
  periodMs: number,
  epoch: number | string = 0,
  query: () => string = () => '',
): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>(nothingYet)
  const again = `${path} ${epoch}`
  useEffect(() => {
    setPolled(nothingYet)
    if (path === null) return
    let isOver = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async (): Promise<void> => {
      timer = undefined
      if (!document.hidden) {
        try {
          const data = await api.get<T>(path + query())
          if (!isOver) setPolled({ data, error: null, at: Date.now(), failedAt: null })
        } catch (error) {
          if (!(error instanceof ApiError)) throw error
          const isGone = error.status === 404
          if (!isOver) {
            setPolled(({ data, at, failedAt }) => ({
              ...{ data: isGone ? null : data, error, at, failedAt: failedAt ?? Date.now() },
            }))
          }
        }
      }
      if (!isOver) timer = setTimeout(() => void ask(), periodMs)
    }
    const onVisible = (): void => {
      if (document.hidden || timer === undefined) return
      clearTimeout(timer)
      void ask()
    }
    document.addEventListener('visibilitychange', onVisible)
    void ask()
    return () => {
      isOver = true
      document.removeEventListener('visibilitychange', onVisible)
      clearTimeout(timer)
    }
  }, [again])
  return polled
}

function nothingYet(): Polled<never> {
  return { data: null, error: null, at: Date.now(), failedAt: null }
}

/** The time, epoch ms, told anew every `periodMs`. */
export function useNow(periodMs: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), periodMs)
    return () => clearInterval(timer)
  }, [periodMs])
  return now
}

/** Draws the component again when the returned function is called. */
export function useRedraw(): () => void {
  const [, setCount] = useState(0)
  return useRef(() => setCount((count) => count + 1)).current
}
