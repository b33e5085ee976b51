// A volume as it was sent: values at places in the patient, the numbers of the file themselves.
import type { Point } from './api'

type Voxels = Int16Array | Float32Array

const MOST_DRAWN = 32e6 // voxels; more, and WebGL by software stands still for a minute

/** NIfTI-1 that is not compressed, of int16 or float32, as ctpet writes it. */
export class Volume {
  readonly size: Point
  readonly spacing: Point
  readonly values: Voxels
  private readonly toIndex: number[]

  constructor(readonly bytes: ArrayBuffer) {
    const header = new DataView(bytes)
    const at = (offset: number) => header.getFloat32(offset, true)
    this.size = [42, 44, 46].map((offset) => header.getInt16(offset, true)) as Point
    this.spacing = [80, 84, 88].map(at) as Point
    const whole = header.getInt16(70, true) === 4
    const data = bytes.slice(Math.round(at(108)))
    this.values = whole ? new Int16Array(data) : new Float32Array(data)
    const rows = [280, 296, 312].map((row) => [0, 4, 8, 12].map((column) => at(row + column)))
    this.toIndex = inverse(rows)
  }

  /** The file, or, if it is too large to draw, the same with every second voxel along i and j. */
  drawn(): ArrayBuffer {
    const [wide, high, deep] = this.size
    if (wide * high * deep <= MOST_DRAWN) return this.bytes
    const [columns, rows] = [Math.ceil(wide / 2), Math.ceil(high / 2)]
    const start = Math.round(new DataView(this.bytes).getFloat32(108, true))
    const thinned = new ArrayBuffer(start + columns * rows * deep * this.values.BYTES_PER_ELEMENT)
    new Uint8Array(thinned).set(new Uint8Array(this.bytes, 0, start))
    const header = new DataView(thinned)
    header.setInt16(42, columns, true)
    header.setInt16(44, rows, true)
    header.setFloat32(80, this.spacing[0] * 2, true)
    header.setFloat32(84, this.spacing[1] * 2, true)
    for (const row of [280, 296, 312]) {
      for (const column of [0, 4]) header.setFloat32(row + column, header.getFloat32(row + column, true) * 2, true)
    }
    const kept = this.values instanceof Int16Array ? new Int16Array(thinned, start) : new Float32Array(thinned, start)
    let to = 0
    for (let k = 0; k < deep; k++) {
      for (let j = 0; j < high; j += 2) {
        const from = wide * (j + high * k)
        for (let i = 0; i < wide; i += 2) kept[to++] = this.values[from + i]!
      }
    }
    return thinned
  }

  /** Nearest voxel (i, j, k) of a place in RAS mm, or null outside. */
  voxel(ras: Point): Point | null {
    const m = this.toIndex
    const found = [0, 4, 8].map((r) => Math.round(m[r]! * ras[0] + m[r + 1]! * ras[1] + m[r + 2]! * ras[2] + m[r + 3]!))
    return found.every((index, axis) => index >= 0 && index < this.size[axis]!) ? (found as Point) : null
  }

  /** Value of the nearest voxel, or null outside. */
  value(ras: Point): number | null {
    const found = this.voxel(ras)
    if (found === null) return null
    const [i, j, k] = found
    return this.values[i + this.size[0] * (j + this.size[1] * k)]!
  }
}

/** Inverse of an affine map of three rows, row by row. */
function inverse(rows: number[][]): number[] {
  const [[a, b, c, x], [d, e, f, y], [g, h, i, z]] = rows as [number[], number[], number[]] as [
    [number, number, number, number], [number, number, number, number], [number, number, number, number],
  ]
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  const m = [e * i - f * h, c * h - b * i, b * f - c * e, f * g - d * i, a * i - c * g, c * d - a * f, d * h - e * g, b * g - a * h, a * e - b * d]
    .map((minor) => minor / det)
  return [0, 3, 6].flatMap((r) => {
    const [p, q, s] = [m[r]!, m[r + 1]!, m[r + 2]!]
    return [p, q, s, -(p * x + q * y + s * z)]
  })
}
