// The rotating maximum-intensity projection, about the patient's length. Counted here and not by
// WebGL: without a GPU a ray caster takes a second a picture, and this takes some milliseconds.
import type { Point } from './api'
import type { Volume } from './volume'

const STEPS = 36

export class Mip {
  private readonly cache = new Map<number, Float32Array>()
  private step = 0
  private high = 8
  private readonly across: number

  constructor(private readonly canvas: HTMLCanvasElement, private readonly volume: Volume, private readonly spacing: Point) {
    const [i, j] = volume.size
    this.across = Math.ceil(Math.hypot(i, j))
    canvas.width = this.across
    canvas.height = volume.size[2]
    canvas.style.aspectRatio = `${this.across * spacing[0]} / ${volume.size[2] * spacing[2]}`
    this.draw()
  }

  turn(steps: number): void {
    this.step = (this.step + steps + STEPS) % STEPS
    this.draw()
  }

  window(high: number): void {
    this.high = high
    this.draw()
  }

  private draw(): void {
    const [, , height] = this.volume.size
    const values = this.projection()
    const picture = new ImageData(this.across, height)
    for (let row = 0; row < height; row++) {
      for (let u = 0; u < this.across; u++) {
        const value = values[(height - 1 - row) * this.across + u]!
        const grey = 255 - Math.min(Math.max((value / this.high) * 255, 0), 255)
        picture.data.set([grey, grey, grey, 255], 4 * (row * this.across + u))
      }
    }
    this.canvas.getContext('2d')!.putImageData(picture, 0, 0)
  }

  private projection(): Float32Array {
    const known = this.cache.get(this.step)
    if (known !== undefined) return known
    const [sizeI, sizeJ, sizeK] = this.volume.size
    const made = new Float32Array(this.across * sizeK)
    const angle = (2 * Math.PI * this.step) / STEPS
    const [cos, sin] = [Math.cos(angle), (Math.sin(angle) * this.spacing[1]) / this.spacing[0]]
    const { values } = this.volume
    for (let j = 0; j < sizeJ; j++) {
      for (let i = 0; i < sizeI; i++) {
        const u = Math.round((i - sizeI / 2) * cos + (j - sizeJ / 2) * sin + this.across / 2)
        if (u < 0 || u >= this.across) continue
        for (let k = 0, from = i + sizeI * j, to = u; k < sizeK; k++, from += sizeI * sizeJ, to += this.across) {
          if (values[from]! > made[to]!) made[to] = values[from]!
        }
      }
    }
    this.cache.set(this.step, made)
    return made
  }
}
