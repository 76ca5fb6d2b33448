import { describe, expect, it } from 'vitest'
import { SlabPool } from '../../src/slab/slab-pool.ts'

describe('SlabPool', () => {
  it('gives out as many different slabs of its size as it has, then none', () => {
    const pool = new SlabPool(5, 64)
    expect(pool.slabsMax).toBe(5)
    const slabs = new Set<ArrayBuffer>()
    for (let left = 5; left > 0; left--) {
      expect(pool.free).toBe(left)
      const slab = pool.acquire()!
      expect(slab.byteLength).toBe(64)
      slabs.add(slab)
    }
    expect(slabs.size).toBe(5)
    expect(pool.free).toBe(0)
    expect(pool.acquire()).toBeUndefined()
    expect(pool.free).toBe(0)
  })

  it('gives a slab out again once it is back', () => {
    const pool = new SlabPool(2, 8)
    const first = pool.acquire()!
    pool.acquire()
    pool.release(first)
    expect(pool.free).toBe(1)
    expect(pool.acquire()).toBe(first)
    expect(pool.acquire()).toBeUndefined()
  })

  it('takes back the slab that another thread has sent, though it is another object', () => {
    const pool = new SlabPool(1, 8)
    const slab = pool.acquire()!
    const back = structuredClone(slab, { transfer: [slab] })
    pool.release(back)
    expect(pool.acquire()).toBe(back)
  })

  it('refuses a slab more than it has given out', () => {
    const pool = new SlabPool(2, 8)
    expect(() => pool.release(new ArrayBuffer(8))).toThrow('released twice')
    const slab = pool.acquire()!
    pool.release(slab)
    expect(() => pool.release(slab)).toThrow('released twice')
    expect(pool.free).toBe(2)
  })

  it('refuses a slab that was moved away', () => {
    const pool = new SlabPool(1, 8)
    const slab = pool.acquire()!
    structuredClone(slab, { transfer: [slab] })
    expect(() => pool.release(slab)).toThrow('moved away')
    expect(pool.free).toBe(0)
  })
})
