// The study as it is read: pictures, what is under the cursor, and the sphere.
import * as api from './api'
import type { Measured, Point, State, VolumeName } from './api'
import { make, the } from './dom'
import { Mip } from './mip'
import { pictureOf } from './picture'
import { COLOURS, CT_WINDOWS, type CtWindow, START, type View, controls, next, windowOf } from './tools'
import { type Kind, Viewer } from './viewer'
import { Volume } from './volume'
import { type Word, number, word } from './words'

const SYNTHETIC: readonly string[] = ['pet', 'fusion', 'mip']
const KINDS: Kind[] = ['ct', 'pet', 'fusion', 'measured']

export class Reading {
  private readonly volumes = new Map<VolumeName, Volume>()
  private readonly loading = new Set<VolumeName>()
  private viewer: Viewer | null = null
  private mip: Mip | null = null
  private view: View = { ...START }
  private place: Point | null = null
  private radius = 15
  private measured: Measured | null = null

  constructor(private readonly id: string) {}

  /** Takes what the server has: volumes that are new are shown, those that are gone are dropped. */
  async take(state: State): Promise<void> {
    for (const name of [...this.volumes.keys()]) if (!state.volumes.includes(name)) this.volumes.delete(name)
    for (const name of state.volumes) {
      if (this.volumes.has(name) || this.loading.has(name)) continue
      this.loading.add(name)
      try {
        this.volumes.set(name, new Volume(await api.volume(this.id, name)))
        await this.show(name)
      } finally {
        this.loading.delete(name)
      }
    }
    this.relabel()
  }

  private async show(name: VolumeName): Promise<void> {
    if (name === 'low' || name === 'high') return
    const bytes = this.volumes.get(name)!.drawn()
    if (this.viewer === null) await this.open()
    const viewer = this.viewer!
    if (name === 'ct') {
      await viewer.show('ct', bytes, 'ct', 'alone')
      await viewer.show('fusion', bytes, 'ct', 'alone')
    } else if (name === 'measured') {
      the('column-measured').hidden = false
      await viewer.show('measured', bytes, 'measured', 'alone')
    } else {
      await this.showPet()
      the('column-mip').hidden = false
      const volume = this.volumes.get('pet')!
      this.mip = new Mip(the<HTMLCanvasElement>('canvas-mip'), volume, volume.spacing)
    }
    this.apply()
    document.body.dataset.shown = [...this.volumes.keys()].sort().join(' ')
  }

  private async showPet(): Promise<void> {
    const volume = this.volumes.get(this.view.shown) ?? this.volumes.get('pet')
    if (volume === undefined) return
    for (const kind of ['pet', 'fusion'] as const) the(`column-${kind}`).hidden = false
    await this.viewer!.show('pet', volume.drawn(), 'pet', 'alone')
    await this.viewer!.show('fusion', volume.drawn(), 'pet', 'over')
  }

  private async open(): Promise<void> {
    const figures = [...KINDS, 'mip' as const].map((kind) => this.figure(kind))
    the('columns').replaceChildren(...figures)
    this.viewer = new Viewer()
    this.viewer.moved = (ras) => this.moved(ras)
    this.viewer.windowed = (kind, low, high) => this.windowed(kind, low, high)
    await this.viewer.open(KINDS.map((kind) => [kind, the<HTMLCanvasElement>(`canvas-${kind}`)]))
  }

  private figure(kind: Kind | 'mip'): HTMLElement {
    const canvas = make('canvas', { id: `canvas-${kind}`, role: 'img', 'data-label': kind, tabindex: 0 })
    const turn = (by: number, name: Word) =>
      make('button', { type: 'button', 'data-label': name, click: () => this.mip?.turn(by) }, by < 0 ? '◀' : '▶')
    return make('figure', { id: `column-${kind}`, class: kind, hidden: kind !== 'ct' },
      make('figcaption', {}, make('span', { 'data-text': kind }), ...(kind === 'mip' ? [make('span', {}, turn(-1, 'turnLeft'), turn(1, 'turnRight'))] : [])),
      make('div', { class: 'hold' }, canvas),
      ...(SYNTHETIC.includes(kind) ? [make('p', { class: 'mark', 'data-text': 'banner' })] : []))
  }

  /** Writes again what depends on the language or the view. */
  relabel(): void {
    const bounds = this.volumes.has('low') && this.volumes.has('high')
    the('tools').replaceChildren(...(this.viewer === null ? [] : controls(this.view, bounds, (part) => this.change(part))))
    for (const element of the('columns').querySelectorAll<HTMLElement>('[data-text]')) element.textContent = word(element.dataset.text as Word)
    for (const element of the('columns').querySelectorAll<HTMLElement>('[data-label]')) element.setAttribute('aria-label', word(element.dataset.label as Word))
    this.readout()
    the('region').replaceChildren(...this.regionSection())
  }

  change(part: Partial<View>): void {
    this.view = { ...this.view, ...part }
    if (part.layout) this.viewer?.arrange(part.layout)
    if (part.shown) void this.showPet().then(() => this.apply())
    this.apply()
    if (!('fusion' in part)) this.relabel()
  }

  private apply(): void {
    const { ctWidth, ctLevel, suvMax, colours, fusion } = this.view
    const { viewer } = this
    if (viewer === null) return
    viewer.window(['ct', 'fusion'], 0, ctLevel - ctWidth / 2, ctLevel + ctWidth / 2)
    viewer.window(['pet', 'measured'], 0, 0, suvMax)
    viewer.window(['fusion'], 1, 0, suvMax)
    for (const kind of ['pet', 'measured'] as const) viewer.colours(kind, 0, COLOURS[colours]!)
    viewer.colours('fusion', 1, { name: 'hot', inverted: false })
    viewer.fuse(fusion)
    this.mip?.window(suvMax)
  }

  /** What was windowed with the mouse in one column holds for its like. */
  private windowed(kind: Kind, low: number, high: number): void {
    if (kind === 'ct' || kind === 'fusion') this.change({ ctWidth: Math.round(high - low), ctLevel: Math.round((high + low) / 2) })
    else this.change({ suvMax: Math.max(0.1, Math.round(high * 10) / 10) })
  }

  private moved(ras: Point): void {
    this.place = ras
    this.readout()
  }

  private readout(): void {
    if (this.place === null) return
    const lps = [-this.place[0], -this.place[1], this.place[2]]
    const at = (name: VolumeName, digits: number) => {
      const value = this.volumes.get(name)?.value(this.place!)
      return value === undefined ? null : value === null ? word('outside') : number(value, digits)
    }
    const [hu, suv, low, high, measured] = [at('ct', 0), at('pet', 2), at('low', 2), at('high', 2), at('measured', 2)]
    the('readout').textContent = [
      `x ${number(lps[0]!, 0)}  y ${number(lps[1]!, 0)}  z ${number(lps[2]!, 0)} mm`,
      hu && `${hu} HU`,
      suv && `${word('pet')}: SUV ${suv}${low && high ? ` [${low} – ${high}]` : ''}`,
      measured && `${word('measured')}: SUV ${measured}`,
    ].filter(Boolean).join('   ·   ')
  }

  private regionSection(): Node[] {
    if (!this.volumes.has('ct')) return []
    const radius = make('input', { id: 'radius', type: 'number', min: 2, max: 100, step: 1, value: this.radius,
      change: () => { this.radius = Math.min(Math.max(radius.valueAsNumber || 15, 2), 100) } })
    return [make('h2', {}, word('region')),
      make('p', {}, make('label', { for: 'radius' }, `${word('radius')} `), radius, ' ',
        make('button', { type: 'button', id: 'measure', click: () => void this.measure() }, word('measureHere'))),
      ...(this.measured === null ? [] : [this.table(this.measured)])]
  }

  private table(measured: Measured): HTMLElement {
    const names = (['pet', 'low', 'high', 'measured'] as const).filter((name) => measured.uptake[name])
    const head = ['SUVmean', 'SUVmax', 'SUVpeak', word('volume')].map((text) => make('th', { scope: 'col' }, text))
    const rows = names.map((name) => {
      const found = measured.uptake[name]!
      const cells = [found.suv_mean, found.suv_max, found.suv_peak_global, found.volume_ml].map((value, n) => make('td', {}, number(value, n === 3 ? 1 : 2)))
      return make('tr', {}, make('th', { scope: 'row' }, word(name)), ...cells)
    })
    const hu = measured.hu === null ? word('empty') : `CT: ${number(measured.hu.mean, 0)} ± ${number(measured.hu.sd, 0)} HU`
    return make('div', { id: 'measured' }, make('table', {}, make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, ''), ...head)), make('tbody', {}, ...rows)), make('p', {}, hu))
  }

  async measure(): Promise<void> {
    const place = this.place ?? this.viewer?.place()
    if (!place) return
    this.measured = await api.sphere(this.id, [-place[0], -place[1], place[2]], this.radius)
    the('region').replaceChildren(...this.regionSection())
  }

  /** Goes to a place, LPS mm. */
  go(lps: Point): void {
    this.viewer?.go([-lps[0], -lps[1], lps[2]])
  }

  async picture(): Promise<Blob> {
    const all: [string, HTMLCanvasElement][] = this.viewer!.pictures().map((canvas, n) => [KINDS[n]!, canvas])
    const shown = all.filter(([kind]) => !the(`column-${kind}`).hidden)
    if (this.mip !== null) shown.push(['mip', the<HTMLCanvasElement>('canvas-mip')])
    return pictureOf(shown.map(([, canvas]) => canvas), shown.map(([kind]) => word(kind as Word)), word('banner'))
  }

  /** Does what a key means; tells whether it meant anything. */
  key(key: string): boolean {
    const viewer = this.viewer
    if (viewer === null) return false
    const { view } = this
    const acts: Record<string, () => void> = {
      PageUp: () => viewer.step(0, 0, 1), PageDown: () => viewer.step(0, 0, -1),
      ArrowLeft: () => viewer.step(1, 0, 0), ArrowRight: () => viewer.step(-1, 0, 0),
      ArrowUp: () => viewer.step(0, 1, 0), ArrowDown: () => viewer.step(0, -1, 0),
      '+': () => viewer.zoom(1.25), '=': () => viewer.zoom(1.25), '-': () => viewer.zoom(0.8), '0': () => viewer.zoom(0),
      '1': () => this.change({ layout: 'planes' }), '2': () => this.change({ layout: 'axial' }),
      '3': () => this.change({ layout: 'coronal' }), '4': () => this.change({ layout: 'sagittal' }),
      w: () => {
        const [ctWidth, ctLevel] = CT_WINDOWS[next(Object.keys(CT_WINDOWS) as CtWindow[], windowOf(view) ?? 'brain')]
        this.change({ ctWidth, ctLevel })
      },
      c: () => this.change({ colours: next(Object.keys(COLOURS), view.colours) }),
      f: () => this.change({ fusion: Math.max(0, view.fusion - 0.1) }), g: () => this.change({ fusion: Math.min(1, view.fusion + 0.1) }),
      '[': () => this.mip?.turn(-1), ']': () => this.mip?.turn(1),
      r: () => void this.measure(),
    }
    const act = acts[key.length === 1 ? key.toLowerCase() : key]
    act?.()
    return act !== undefined
  }
}
