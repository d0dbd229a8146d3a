import { utf8Bytes } from '@keelson/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import type { Database } from '../src/chain/database.ts'

const key = (text: string): Uint8Array => utf8Bytes(text)

/** The contract of {@link Database}; both implementations run it. */
export function testDatabase(name: string, open: () => Database): void {
  describe(`database: ${name}`, () => {
    const opened: Database[] = []
    const start = () => {
      const database = open()
      opened.push(database)
      return database
    }
    afterEach(async () => {
      for (const database of opened.splice(0)) await database.close()
    })

    it('gives back what was written, by table', () => {
      const db = start()
      db.write((w) => {
        w.put('nodes', key('a'), key('one'))
        w.put('codes', key('a'), key('two'))
      })
      expect([...db.get('nodes', key('a'))!]).toEqual([...key('one')])
      expect([...db.get('codes', key('a'))!]).toEqual([...key('two')])
      expect(db.get('headers', key('a'))).toBeUndefined()
    })

    it('applies operations of one write in order', () => {
      const db = start()
      db.write((w) => {
        w.put('meta', key('a'), key('1'))
        w.remove('meta', key('a'))
        w.put('meta', key('b'), key('1'))
        w.put('meta', key('b'), key('2'))
      })
      expect(db.get('meta', key('a'))).toBeUndefined()
      expect([...db.get('meta', key('b'))!]).toEqual([...key('2')])
    })

    it('writes all of it or nothing', () => {
      const db = start()
      expect(() =>
        db.write((w) => {
          w.put('meta', key('a'), key('1'))
          throw new Error('half way')
        }),
      ).toThrow('half way')
      expect(db.get('meta', key('a'))).toBeUndefined()
    })

    it('lists keys as unsigned bytes in order', () => {
      const db = start()
      const keys = [Uint8Array.of(0xff), Uint8Array.of(0x01, 0x00), Uint8Array.of(0x01), Uint8Array.of(0x7f, 0x01)]
      db.write((w) => {
        for (const k of keys) w.put('canonical', k, key('x'))
      })
      expect([...db.keys('canonical')].map((k) => [...k])).toEqual([[0x01], [0x01, 0x00], [0x7f, 0x01], [0xff]])
    })
  })
}
