// Windows, colours, fusion and layout: what is set, and the controls that set it.
import { make } from './dom'
import type { Colours, Layout } from './viewer'
import { type Word, word } from './words'

export const CT_WINDOWS = { soft: [400, 40], lung: [1500, -600], bone: [1800, 400], liver: [150, 80], brain: [80, 40] } as const
export type CtWindow = keyof typeof CT_WINDOWS
export const COLOURS: Record<string, Colours> = {
  inverse: { name: 'gray', inverted: true },
  inferno: { name: 'inferno', inverted: false },
  viridis: { name: 'viridis', inverted: false },
}
const NAMES: Record<string, string> = { inferno: 'Inferno', viridis: 'Viridis' }
const LAYOUTS: Layout[] = ['planes', 'axial', 'coronal', 'sagittal']

export type Shown = 'pet' | 'low' | 'high'
export type View = {
  layout: Layout; ctWidth: number; ctLevel: number; suvMax: number; colours: string; fusion: number; shown: Shown
}
export const START: View = { layout: 'planes', ctWidth: 400, ctLevel: 40, suvMax: 8, colours: 'inverse', fusion: 0.5, shown: 'pet' }

export const colourName = (name: string): string => NAMES[name] ?? word(name as Word)
export const next = <T>(all: readonly T[], one: T): T => all[(all.indexOf(one) + 1) % all.length]!
export const windowOf = (view: View): CtWindow | null =>
  (Object.keys(CT_WINDOWS) as CtWindow[]).find((name) => CT_WINDOWS[name][0] === view.ctWidth && CT_WINDOWS[name][1] === view.ctLevel) ?? null

/** The controls; each change is told as the part of the view that changed. */
export function controls(view: View, bounds: boolean, change: (part: Partial<View>) => void): Node[] {
  const numeric = (label: string, value: number, step: number, set: (value: number) => void) => {
    const input = make('input', { type: 'number', step, value, 'aria-label': label, change: () => {
      if (Number.isFinite(input.valueAsNumber)) set(input.valueAsNumber)
    } })
    return input
  }
  const chosen = windowOf(view)
  const windows = make('select', { id: 'ct-window', change: () => {
    const found = CT_WINDOWS[windows.value as CtWindow]
    if (found) change({ ctWidth: found[0], ctLevel: found[1] })
  } }, ...(Object.keys(CT_WINDOWS) as CtWindow[]).map((name) => make('option', { value: name, selected: name === chosen }, word(name))),
    make('option', { value: '', selected: chosen === null }, word('free')))
  const colours = make('select', { id: 'colours', change: () => change({ colours: colours.value }) },
    ...Object.keys(COLOURS).map((name) => make('option', { value: name, selected: name === view.colours }, colourName(name))))
  const fusion = make('input', { id: 'fuse', type: 'range', min: 0, max: 1, step: 0.05, value: view.fusion,
    input: () => change({ fusion: fusion.valueAsNumber }) })
  const shown = make('select', { id: 'shown', change: () => change({ shown: shown.value as Shown }) },
    ...(['pet', 'low', 'high'] as const).map((name) => make('option', { value: name, selected: name === view.shown }, word(name))))
  return [
    make('span', { class: 'group', role: 'group', 'aria-label': word('layout') }, ...LAYOUTS.map((name) =>
      make('button', { type: 'button', 'aria-pressed': String(name === view.layout), click: () => change({ layout: name }) }, word(name)))),
    make('label', { for: 'ct-window' }, word('ctWindow'), windows),
    make('span', { class: 'group' }, 'W', numeric('W, HU', view.ctWidth, 10, (ctWidth) => change({ ctWidth: Math.max(1, ctWidth) })),
      'L', numeric('L, HU', view.ctLevel, 10, (ctLevel) => change({ ctLevel }))),
    make('span', { class: 'group' }, word('suvMax'), numeric(word('suvMax'), view.suvMax, 0.5, (suvMax) => change({ suvMax: Math.max(0.1, suvMax) }))),
    make('label', { for: 'colours' }, word('colours'), colours),
    make('label', { for: 'fuse' }, word('fuse'), fusion),
    ...(bounds ? [make('label', { for: 'shown' }, word('petShown'), shown)] : []),
  ]
}
