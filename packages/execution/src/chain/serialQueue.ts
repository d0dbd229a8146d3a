/** Runs jobs one after another, in the order in which they were asked for. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** Whether a job runs or waits. */
  get busy(): boolean {
    return this.#waiting > 0
  }

  run<T>(job: () => Promise<T> | T): Promise<T> {
    this.#waiting++
    const result = this.#last.then(job).finally(() => {
      this.#waiting--
    })
    this.#last = result.catch(() => {})
    return result
  }

  /** Resolves when everything asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#last
  }
}
